// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>

namespace pikv {

/// Sum of squares of `count` values, in a fixed order whatever the machine.
double sumOfSquares(const float* values, std::size_t count);

/// Adds the squares of `rows` rows of `width` values to `sums[width]`, column by column.
void addColumnSquares(const float* values, std::size_t rows, std::size_t width, double* sums);

/// Adds every row's squared distance from the mean row to `energies[rows]`.
void addRowEnergies(const float* values, std::size_t rows, std::size_t width, float* energies);

} // namespace pikv
