// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/kvcache.h"
#include <ATen/core/Tensor.h>

namespace pikv {

/// Queries of one layer and where they stand.
struct AttentionQueries {
    at::Tensor
        query; ///< f32 [batch, query_heads, queries, key_dim]; head h reads KV head floor(h * kv_heads / query_heads)
    at::Tensor positions; ///< i64 [queries]
    bool fromDump = false; ///< false: the layer's own last keys stand in
};

/// The dump's queries, or its last `standIns` keys where it has none.
AttentionQueries attentionQueries(
    const LayerKv& kv, const at::Tensor& queryPositions, const at::Tensor& keyPositions, std::int64_t standIns = 64);

/// Output of softmax(qK^T / sqrt(key_dim)) V for one KV head of one batch item, f32 [group * queries, value_dim]:
/// causal by position (a key is seen by queries at its position or later), rows with keep = false left out (not zeros
/// to attend to). Queries that see no key give zeros. `key` [seq, key_dim], `value` [seq, value_dim], `keep` bool [seq]
/// or undefined.
at::Tensor attentionOutput(const at::Tensor& query, const at::Tensor& queryPositions, const at::Tensor& key,
    const at::Tensor& value, const at::Tensor& keyPositions, const at::Tensor& keep);

} // namespace pikv
