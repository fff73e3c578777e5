// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/model/modelconfig.h"
#include <ATen/core/Tensor.h>
#include <memory>
#include <string>
#include <vector>

namespace pikv {

/// One layer's weights, f32, `[out, in]`, heads in half layout.
struct LayerWeights {
    at::Tensor attentionNorm; ///< [hidden]
    at::Tensor qkv; ///< [(heads + 2 kv_heads) head_dim, hidden]: queries, keys, values
    at::Tensor qkvBias; ///< of qkv's rows; undefined: none
    at::Tensor queryNorm, keyNorm; ///< [head_dim]; undefined: none
    at::Tensor output; ///< [hidden, heads head_dim]
    at::Tensor feedForwardNorm; ///< [hidden]
    at::Tensor gateUp; ///< [2 feed_forward, hidden]: gate, then up
    at::Tensor down; ///< [hidden, feed_forward]
};

struct ModelWeights {
    at::Tensor embedding; ///< [vocabulary, hidden]
    at::Tensor output; ///< the same tensor as embedding where the model is tied
    at::Tensor finalNorm; ///< [hidden]
    at::Tensor ropeDivisors; ///< [head_dim/2]; undefined: none
    std::vector<LayerWeights> layers;
};

/// Tensors of a model file under their Hugging Face names ("model.layers.0.self_attn.q_proj.weight").
class WeightSource {
public:
    virtual ~WeightSource() = default;
    virtual bool has(const std::string& name) const = 0;
    /// f32 of exactly `shape`, query and key rows in half layout. Throws Error{Input} naming the tensor.
    virtual at::Tensor read(const std::string& name, const std::vector<std::int64_t>& shape) const = 0;
};

/// Reads every weight; polls cancellation and reports progress per layer. Throws Error{Resource} before reading when
/// the weights do not fit into the memory that is free.
ModelWeights loadWeights(const WeightSource& source, const ModelConfig& config, const JobControl& job);

/// A GGUF file, dequantised tensor by tensor.
std::unique_ptr<WeightSource> openGgufWeights(const std::string& path, const ModelConfig& config);
/// The safetensors files of a Hugging Face folder.
std::unique_ptr<WeightSource> openFolderWeights(const std::string& folder);

} // namespace pikv
