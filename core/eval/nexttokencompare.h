// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/nexttoken.h"
#include "core/model/llama.h"
#include <ATen/core/Tensor.h>
#include <span>

namespace pikv {

/// Compares the predictions of two runs over the same positions. `original` and `compressed` are hidden states, f32
/// [count, hidden], that belong to the input tokens context … context + count - 1 of the text. Both go through the same
/// operations, so equal states give kl = 0 exactly.
std::vector<NextTokenPosition> comparePredictions(const Llama& llama, const NextTokenText& text, int textIndex,
    const at::Tensor& original, const at::Tensor& compressed, int topCount, const JobControl& job);

/// Positions from two sets of log-probabilities, f32 [count, vocabulary]; `targets` are as many, -1 where the next
/// token is not known (loss and p(target) are NaN then). The first one stands at `firstPosition` of the text.
std::vector<NextTokenPosition> comparePositions(const at::Tensor& original, const at::Tensor& compressed,
    std::span<const std::int64_t> targets, int textIndex, std::int64_t firstPosition, int topCount);

} // namespace pikv
