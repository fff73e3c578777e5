// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>

namespace pikv {

/// `tables` one after the other, each of `entries` rows of `dim` floats.
struct TableView {
    const float* data = nullptr;
    std::size_t tables = 0, entries = 0, dim = 0;
};

/// Row i of `out` [n, dim] = the sum over tables t, first to last, of row codes[t * n + i] (< entries) of table t.
void sumTables(const TableView& view, const std::uint8_t* codes, std::size_t n, float* out);

} // namespace pikv
