// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/model/kvbuffer.h"
#include "core/model/llama.h"
#include <span>
#include <vector>

namespace pikv {

/// Runs tokens through the model behind the rows that `buffer` holds (all layers alike), a few hundred at a time.
/// Returns the hidden states of the last `keepHidden` tokens, f32 [keepHidden, hidden]. With `queries`, collects the
/// queries of the last `queryCount` tokens, one f32 [heads, queryCount, head_dim] a layer.
at::Tensor runTokens(const Llama& llama, std::span<const std::int64_t> tokens, KvBuffer& buffer,
    std::int64_t keepHidden, const JobControl& job, std::int64_t queryCount = 0,
    std::vector<at::Tensor>* queries = nullptr);

} // namespace pikv
