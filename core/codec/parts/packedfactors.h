// SPDX-License-Identifier: GPL-3.0-or-later
// Coefficients and directions of a low-rank description as bytes.
#pragma once
#include "core/base/bytes.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <vector>

namespace pikv {

/// Widths of every component's coefficients and of its direction: 0, 1 … 8 or 16 bits. A component that lacks either is
/// dropped and has neither.
struct FactorWidths {
    std::vector<int> code, basis;

    /// `codeBits` and `basisBits` are means over the components, spread by reverse water-filling over the variances, as
    /// a component's error grows with its variance (16: every component at half precision). `counts`: coefficients a
    /// component stores; empty: equally many.
    static FactorWidths spread(const std::vector<double>& variances, std::int64_t codeBits, std::int64_t basisBits,
        const std::vector<std::int64_t>& counts = {});
    /// Widths of coefficients whose directions are stored elsewhere.
    static FactorWidths spreadCodes(
        const std::vector<double>& variances, std::int64_t codeBits, const std::vector<std::int64_t>& counts = {});
    /// Widths of directions whose coefficients are stored elsewhere.
    static FactorWidths spreadBasis(const std::vector<double>& variances, std::int64_t basisBits);
    std::size_t rank() const { return code.size(); }
};

/// One byte a component: code width in the low half, basis width in the high half (9 stands for 16).
void writeWidths(const FactorWidths& widths, Bytes& out);
/// Throws Error{Input} at a width that does not exist. `at` moves on.
FactorWidths readWidths(ByteSpan bytes, std::size_t& at, std::int64_t rank);

/// Appends row i of `rows` f32 [components, n] with widths[i] bits; rows of width 0 are left out.
void writeRows(const at::Tensor& rows, const std::vector<int>& widths, Bytes& out);
/// Bytes of what writeRows() appends for rows of n values.
std::size_t rowsBytes(const std::vector<int>& widths, std::int64_t n);
/// f32 CPU [components, n]; rows of width 0 are zero. `at` moves on; throws Error{Input} past the end.
at::Tensor readRows(ByteSpan bytes, std::size_t& at, const std::vector<int>& widths, std::int64_t n);
/// The rows as decode will see them.
at::Tensor roundedRows(const at::Tensor& rows, const std::vector<int>& widths, Bytes& out);

/// f32 [n] as f16, and back. `at` moves on.
void writeHalves(const at::Tensor& values, Bytes& out);
at::Tensor readHalves(ByteSpan bytes, std::size_t& at, std::int64_t n);

} // namespace pikv
