// SPDX-License-Identifier: GPL-3.0-or-later
// A plane's coefficients as bytes: level after level, component after component.
#pragma once
#include "core/codec/methods/pyramid/pyramidplanes.h"

namespace pikv {

/// Which vectors of a plane some level uses; `bits` [levels * dim].
std::vector<std::uint8_t> usedVectors(const int* bits, int levels, std::int64_t dim);

/// Bytes of a plane's coefficients; `bits` [levels * dim].
std::size_t codeBytes(const int* bits, const LevelOrder& order, std::int64_t dim);

/// The plane's coefficients at widths `bits` [levels * dim].
Bytes encodePlane(const PyramidPlane& plane, const int* bits, const LevelOrder& order);

/// One head as decode finds it.
struct PyramidReader {
    HeadBasis basis;
    const int* bits; ///< [levels * dim]
    std::size_t at; ///< where its codes begin
    std::int64_t dim;

    /// Fills `target` CPU [batch, seq, dim] of the dump's type; `rope` null: rows are not rotated.
    void decode(ByteSpan codes, const LevelOrder& order, const RopeTable* rope, const at::Tensor& target) const;

private:
    /// The codes of every component in a level of `count` rows, `widths` [dim]; empty: not stored. `at` moves on.
    std::vector<ByteSpan> runs(ByteSpan codes, std::size_t& at, std::int64_t count, const int* widths) const;
    /// `rows` CPU [n, dim] to rows `places` [n] of batch * seq.
    void storeRows(const at::Tensor& rows, const std::int64_t* places, const at::Tensor& target) const;
};

} // namespace pikv
