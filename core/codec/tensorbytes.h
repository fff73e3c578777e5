// SPDX-License-Identifier: GPL-3.0-or-later
// Tensors to section bytes and back.
#pragma once
#include "core/base/bytes.h"
#include "core/cache/torchdtype.h"
#include <ATen/core/Tensor.h>

namespace pikv {

/// The tensor's elements in C order as `dtype`, little endian. Values beyond f16's range are clamped to ±65504, so that
/// a finite value never becomes infinite.
Bytes tensorToBytes(const at::Tensor& tensor, DType dtype);
/// A CPU tensor that owns a copy of the bytes. Throws Error{Input} when their number does not fit the shape.
at::Tensor tensorFromBytes(ByteSpan bytes, DType dtype, at::IntArrayRef shape);

/// The same as f32, of a floating `dtype`.
at::Tensor floatsFromBytes(ByteSpan bytes, DType dtype, at::IntArrayRef shape);
/// Whether a contiguous f32 CPU tensor holds neither NaN nor infinity.
bool isAllFinite(const at::Tensor& tensor);

} // namespace pikv
