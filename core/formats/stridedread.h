// SPDX-License-Identifier: GPL-3.0-or-later
// Tensors read in C order, whatever their order on disk: as they are, or as floats.
#pragma once
#include "core/formats/dumplayout.h"

namespace pikv {

/// One element of a floating-point type, FP8 included; other types count as F32.
float elementToFloat(DType dtype, const std::byte* at);

/// Fills `out`, f32 [batch, kv_heads, rows, dim] in C order, from `stored` [batch, kv_heads, seq, dim], seen by its
/// strides; `rows` are indices of axis 2, empty: all of them. Holds the tensor's extent in memory meanwhile. Throws
/// Error{Input}; Error{Resource} where memory lacks.
void readAsFloats(
    const StoredTensor& stored, const std::vector<std::int64_t>& rows, const ByteSource& file, std::span<float> out);

/// The elements in C order, as they are on disk, through a window that moves over the tensor's extent: each run along
/// the last axis is copied from there, so that nothing but the result is held. False, with `out` as it was, where the
/// last axis is no run of neighbours or its runs are too short to be worth it. Throws Error{Input}.
bool gatherRuns(const ByteSource& file, const StoredTensor& stored, std::span<std::byte> out);

/// Only these rows (axis 2 of 4, at least one), in this order. Neighbours stay a view in their own type; others become
/// f32 through `decode`. `tensor` has no `decode` yet.
void takeRows(StoredTensor& tensor, std::shared_ptr<const std::vector<std::int64_t>> rows);

} // namespace pikv
