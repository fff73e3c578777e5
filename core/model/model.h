// SPDX-License-Identifier: GPL-3.0-or-later
// Torch-free access to language models, for the window and the command line.
#pragma once
#include "core/base/dtype.h"
#include "core/base/jobcontrol.h"
#include "core/cache/cachehandle.h"
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

class LanguageModel;
/// A loaded model; safe to use from several threads at once.
using ModelPtr = std::shared_ptr<const LanguageModel>;

struct ModelInfo {
    std::string path; ///< GGUF file or Hugging Face folder
    std::string name; ///< "SmolLM2-135M-Instruct"
    std::string architecture; ///< "llama", "qwen2", "qwen3"
    std::int64_t layers = 0, hidden = 0, heads = 0, kvHeads = 0, headDim = 0;
    std::int64_t vocabulary = 0, context = 0, parameters = 0;
    std::uint64_t weightBytes = 0; ///< in memory, f32
    std::string preTokenizer; ///< "smollm"; "" where text cannot be read
    std::string tokenizerProblem; ///< why text cannot be read; "" where it can
    std::string chatTemplate; ///< "" where there is none
    /// 16-bit bytes of the cache of one token.
    std::int64_t cacheBytesPerToken() const { return layers * kvHeads * headDim * 2 * 2; }
};

/// The path behind what a user wrote: "default" is the fetched SmolLM2 (or $PIKV_MODEL). Throws Error{Input} saying
/// what is missing and how to get it.
std::string resolveModel(std::string_view model);
/// The same for a method's parameter `model`, where nothing stands for the default one.
std::string modelOfParam(const std::string& value);
/// As above; "" where nothing is said and there is no default model.
std::string modelOfParamIfThere(const std::string& value);
/// GGUF files and Hugging Face folders in the user's model folder, the default first; empty where there is none.
std::vector<std::string> findModels();

/// Loads a GGUF file or a Hugging Face folder. Throws Error{Input} for what cannot be run, Error{Resource} when the
/// weights do not fit into memory. A model whose tokenizer is not supported opens, too: it can run token ids.
ModelPtr openModel(const std::string& path, const JobControl& job = {});
/// As openModel(), but a model that somebody still holds, of a file or folder that has not changed, is given again.
ModelPtr openSharedModel(const std::string& path, const JobControl& job = {});
const ModelInfo& modelInfo(const LanguageModel& model);

struct Tokens {
    std::vector<std::int64_t> ids;
    std::size_t droppedBytes = 0; ///< bytes for which the vocabulary has no token
};
/// The first `maxTokens` ids of a text (0: all), with bos where the model asks for it. Throws Error{Input}: no
/// tokenizer, invalid UTF-8 (with the byte offset).
Tokens tokenize(const LanguageModel& model, std::string_view text, std::size_t maxTokens = 0);
/// The bytes behind the ids; they may begin or end inside a UTF-8 character.
std::string detokenize(const LanguageModel& model, std::span<const std::int64_t> ids);
/// A token for the eye: ␣ for spaces, ↵ for newlines, <E4> for bytes that are no text alone; "#17" without a tokenizer.
std::string visibleToken(const LanguageModel& model, std::int64_t id);

struct CaptureRequest {
    ModelPtr model;
    std::vector<std::int64_t> tokens; ///< what to prefill
    std::int64_t queries = 0; ///< keep the queries of that many last positions
    DType dtype = DType::F16; ///< of the captured tensors: f16, bf16 or f32
};
/// Prefills the tokens and returns their cache. Throws Error{Usage} for no tokens, more than the context, a bad dtype;
/// Error{Resource} when the cache does not fit into memory.
CachePtr captureCache(const CaptureRequest& request, const JobControl& job = {});

/// Why the model cannot continue this dump ("the dump has 32 layers, SmolLM2-135M-Instruct has 30"); "" where it can.
std::string modelMismatch(const CacheInfo& dump, const LanguageModel& model);

} // namespace pikv
