// SPDX-License-Identifier: GPL-3.0-or-later
// Prefills a text and keeps what the layers attend to as a cache in memory, queries of the last positions included.
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/cache/kvcache.h"
#include "core/model/languagemodel.h"
#include "core/model/prefill.h"
#include <ATen/core/grad_mode.h>
#include <numeric>

namespace pikv {
namespace {

at::ScalarType captureType(DType dtype)
{
    switch (dtype) {
    case DType::F16:
        return at::kHalf;
    case DType::BF16:
        return at::kBFloat16;
    case DType::F32:
        return at::kFloat;
    default:
        throw usageError("A cache can be captured as f16, bf16 or f32, not as " + std::string(dtypeName(dtype)));
    }
}

void checkRequest(const CaptureRequest& request, const ModelConfig& config)
{
    const auto count = static_cast<std::int64_t>(request.tokens.size());
    if (count == 0)
        throw usageError("There is no token to capture: the text is empty");
    if (count > config.context)
        throw usageError("The text has " + std::to_string(count) + " tokens; the context of " + config.name + " holds "
            + std::to_string(config.context));
    if (request.queries < 0 || request.queries > count)
        throw usageError("Queries of " + std::to_string(request.queries) + " positions were asked for; 0 to "
            + std::to_string(count) + " are possible");
    requireMemory(KvBuffer::bytesNeeded(config, count) * 2, "The cache of " + std::to_string(count) + " tokens");
}

CacheInfo describe(const CaptureRequest& request)
{
    const LanguageModel& model = *request.model;
    CacheInfo info;
    info.format = "captured";
    info.model = model.info().name;
    info.config = model.config().toJson();
    info.rope = model.llama().rope();
    info.tokenIds = request.tokens;
    const auto count = static_cast<std::int64_t>(request.tokens.size());
    for (std::int64_t i = count - request.queries; i < count; ++i)
        info.queryPositions.push_back(i);
    if (model.hasTokenizer()) { // text cut inside a character is no text
        std::string text = model.tokenizer().decode(request.tokens);
        if (!firstInvalidUtf8(text))
            info.text = std::move(text);
    }
    return info;
}

} // namespace

CachePtr captureCache(const CaptureRequest& request, const JobControl& job)
{
    const at::NoGradGuard noGrad;
    const Llama& llama = request.model->llama();
    const at::ScalarType dtype = captureType(request.dtype);
    checkRequest(request, llama.config());
    KvBuffer buffer(llama.config(), static_cast<std::int64_t>(request.tokens.size()));
    std::vector<at::Tensor> queries;
    runTokens(llama, request.tokens, buffer, 0, job, request.queries, request.queries > 0 ? &queries : nullptr);
    std::vector<LayerKv> layers;
    for (int i = 0; i < static_cast<int>(llama.config().layers); ++i) {
        layers.push_back(buffer.layer(i, dtype));
        if (!queries.empty())
            layers.back().query = queries[static_cast<std::size_t>(i)].unsqueeze(0).to(dtype);
    }
    return std::make_shared<MemoryCache>(describe(request), std::move(layers));
}

} // namespace pikv
