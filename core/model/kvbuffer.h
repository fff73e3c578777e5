// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/kvcache.h"
#include "core/model/modelconfig.h"
#include <ATen/core/Tensor.h>
#include <vector>

namespace pikv {

/// What new tokens attend to in one layer.
struct Attended {
    at::Tensor key, value; ///< f32 [kv_heads, rows, head_dim], keys after RoPE
    at::Tensor keep; ///< bool [kv_heads, rows]; undefined: all rows
};

/// The growing f32 cache of one sequence while the model runs.
class KvBuffer {
public:
    KvBuffer(const ModelConfig& config, std::int64_t capacity);
    /// Takes the first `rows` rows of a layer `[1, kv_heads, seq, head_dim]` and its keep-mask. To be called for every
    /// layer before the first append().
    void load(int layer, const LayerKv& kv, std::int64_t rows);
    /// Puts the rows of new tokens behind those that are there and returns all of them, as views.
    Attended append(int layer, const at::Tensor& key, const at::Tensor& value);
    /// The layer as a cache has it, `[1, kv_heads, rows, head_dim]` in `dtype`, a copy.
    LayerKv layer(int index, at::ScalarType dtype) const;
    std::int64_t rows(int layer) const { return m_layers.at(static_cast<std::size_t>(layer)).rows; }
    static std::uint64_t bytesNeeded(const ModelConfig& config, std::int64_t capacity);

private:
    struct Layer {
        at::Tensor key, value, keep;
        std::int64_t rows = 0;
    };
    std::vector<Layer> m_layers;
};

} // namespace pikv
