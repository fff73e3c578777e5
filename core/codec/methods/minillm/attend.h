// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/methods/minillm/codeattention.h"
#include <ATen/core/Tensor.h>

namespace pikv {

/// CodeAttention's delta f32 [n, rank] for `codes` f32 [n, rank] and `reach` u8 [n], both on the CPU, as a function
/// that LibTorch's autograd differentiates by `params` f32 CPU [CodeAttention::paramCount()], and by nothing else. The
/// codes are rows of a longer tensor where the first ones reach back.
at::Tensor attend(
    const CodeAttention& attention, const at::Tensor& codes, const at::Tensor& reach, const at::Tensor& params);

} // namespace pikv
