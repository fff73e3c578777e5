// SPDX-License-Identifier: GPL-3.0-or-later
// Sums of squares in an order of additions that is fixed, whatever the machine, and that the compiler can still
// vectorise.
#include "core/kernels/energy.h"
#include "core/kernels/reduce.h"
#include <algorithm>
#include <vector>

namespace pikv {
namespace {

constexpr std::size_t lanes = 16; ///< independent sums, so that the compiler can use vectors
constexpr std::size_t blockValues = 64 * lanes, blockRows = 64; ///< added up in float before they go into a double

} // namespace

double sumOfSquares(const float* values, std::size_t count)
{
    double total = 0;
    while (count >= lanes) {
        const std::size_t block = std::min(count, blockValues) / lanes * lanes;
        float sums[lanes] = {};
        for (std::size_t i = 0; i < block; i += lanes)
            for (std::size_t j = 0; j < lanes; ++j)
                sums[j] += values[i + j] * values[i + j];
        for (const float sum : sums)
            total += double(sum);
        values += block;
        count -= block;
    }
    for (std::size_t i = 0; i < count; ++i)
        total += double(values[i]) * values[i];
    return total;
}

void addColumnSquares(const float* values, std::size_t rows, std::size_t width, double* sums)
{
    std::vector<float> block(width);
    for (std::size_t r = 0; r < rows; r += blockRows) {
        std::fill(block.begin(), block.end(), 0.0f);
        for (std::size_t i = r; i < std::min(rows, r + blockRows); ++i) {
            const float* row = values + i * width;
            for (std::size_t c = 0; c < width; ++c)
                block[c] += row[c] * row[c];
        }
        for (std::size_t c = 0; c < width; ++c)
            sums[c] += double(block[c]);
    }
}

void addRowEnergies(const float* values, std::size_t rows, std::size_t width, float* energies)
{
    std::vector<float> mean(width);
    std::vector<double> sums(width);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < width; ++c)
            sums[c] += double(values[r * width + c]);
    for (std::size_t c = 0; c < width; ++c)
        mean[c] = static_cast<float>(sums[c] / double(rows));
    for (std::size_t r = 0; r < rows; ++r) {
        const float* row = values + r * width;
        energies[r]
            += inOrder(laneSums<lanes>(width, [&](std::size_t c) { return (row[c] - mean[c]) * (row[c] - mean[c]); }));
    }
}

} // namespace pikv
