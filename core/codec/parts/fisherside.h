// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/codec/parts/fishertransform.h"
#include <ATen/core/Tensor.h>
#include <functional>
#include <vector>

namespace pikv {

/// Codes rows f32 [n, width] with the step; the stream says how levels are rebuilt and what sizes to expect. Widens the
/// `classes` of rows that no level could hold otherwise. Throws Error{Usage} where the widest do not suffice.
Bytes encodeSide(const FisherTransform& transform, const at::Tensor& rows, double step,
    std::vector<std::int8_t>& classes, const JobControl& job);
/// Takes rows f32 [count, width] from `first` on.
using RowSink = std::function<void(std::int64_t first, const at::Tensor& rows)>;
/// Gives the rows to `put`, in order. Throws Error{Input} where `bytes` are not those of so many rows.
void decodeSide(const FisherTransform& transform, ByteSpan bytes, double step, const std::vector<std::int8_t>& classes,
    const RowSink& put, const JobControl& job);

} // namespace pikv
