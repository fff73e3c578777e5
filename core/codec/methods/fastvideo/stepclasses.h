// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <vector>

namespace pikv {

/// How much coarser than the finest the steps of a token are: class k has steps 2^(k/2) as wide, which is best for
/// squared errors that count 2^-k times as much.
inline constexpr int stepClasses = 8;
float stepFactor(int stepClass);

/// Classes of all tokens, by their importance relative to the greatest. `importance` f32 [batch, seq].
std::vector<std::uint8_t> classesOf(const at::Tensor& importance);

/// Entropy-coded.
Bytes packClasses(const std::vector<std::uint8_t>& classes);
/// Throws Error{Input} where `bytes` are not those of `count` classes.
std::vector<std::uint8_t> unpackClasses(ByteSpan bytes, std::size_t count);

} // namespace pikv
