// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cacheinfo.h"
#include <cstdint>
#include <string>
#include <string_view>

namespace pikv {

class GgufHeader;

/// How RoPE's frequencies are changed for long contexts.
struct RopeScaling {
    enum class Kind { None, Linear, Llama3 };
    Kind kind = Kind::None;
    double factor = 1;
    double lowFrequencyFactor = 1, highFrequencyFactor = 4; ///< of Llama3
    double originalContext = 8192; ///< of Llama3
};

/// Shape of a Llama-family causal language model (Llama, Qwen2, Qwen3).
struct ModelConfig {
    std::string source; ///< file or folder, for messages
    std::string architecture; ///< "llama", "qwen2", "qwen3"
    std::string name; ///< for people and dumps: "SmolLM2-135M-Instruct"
    std::int64_t layers = 0, hidden = 0, feedForward = 0, heads = 0, kvHeads = 0, headDim = 0;
    std::int64_t vocabulary = 0; ///< rows of the embedding; may exceed the tokenizer's list
    std::int64_t context = 0; ///< longest sequence the model was made for
    double rmsEpsilon = 1e-5;
    double ropeTheta = 10000;
    RopeScaling scaling;
    bool tied = false; ///< the output matrix is the embedding

    std::int64_t parameters() const;
    /// What a cache of this model says of its keys.
    RopeInfo ropeInfo() const;
    /// The config.json of a Hugging Face model of this shape, as JSON text.
    std::string toJson() const;
};

/// Throws Error{Input}: unknown architecture, missing keys, shapes that contradict each other, RoPE scaling that is not
/// supported (YaRN, LongRoPE, …), mixture of experts, sliding windows. `name` is that of the file.
ModelConfig configFromGguf(const GgufHeader& header);
ModelConfig configFromJson(const std::string& folder, std::string_view configJson);

/// "SmolLM2-135M-Instruct" for ".../SmolLM2-135M-Instruct.Q4_1.gguf": the file's or folder's name without quantisation.
std::string modelNameFromPath(std::string_view path);

/// Throws Error{Input} naming what is impossible.
void checkConfig(const ModelConfig& config);

} // namespace pikv
