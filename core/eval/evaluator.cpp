// SPDX-License-Identifier: GPL-3.0-or-later
// From a request to its result: which layers, which device, one round trip, and what is told beside the figures.
#include "core/eval/evaluator.h"
#include "core/cache/cacheview.h"
#include "core/codec/compressor.h"
#include "core/eval/cleanlayers.h"
#include "core/eval/evaluationrun.h"
#include "core/eval/importancetensor.h"
#include "core/eval/statistics.h"
#include <ATen/core/grad_mode.h>
#include <algorithm>

namespace pikv {
namespace {

void checkRequest(const EvaluationRequest& request)
{
    if (!request.cache)
        throw Error(ErrorKind::Internal, "an evaluation was asked for without a cache");
    const int count = request.cache->layerCount();
    for (int layer : request.layers)
        if (layer < 0 || layer >= count)
            throw usageError("layer " + std::to_string(layer) + " is outside 0 to " + std::to_string(count - 1));
}

CachePtr selectedLayers(const EvaluationRequest& request)
{
    if (request.layers.empty() || static_cast<int>(request.layers.size()) == request.cache->layerCount())
        return request.cache;
    return std::make_shared<LayerSubset>(request.cache, request.layers);
}

EvaluationResult emptyResult(const EvaluationRequest& request, const KvCache& cache, const RoundTrip& trip)
{
    EvaluationResult result;
    result.method = request.method;
    result.importance = request.importance;
    result.device = deviceName(request.device);
    result.seed = request.seed;
    result.layersDone = cache.layerCount();
    result.preview = cache.layerCount() != request.cache->layerCount();
    result.tokens = request.cache->info().seq();
    result.originalBytes = request.cache->info().referenceBytes();
    result.sharedBytes = trip.sharedBytes();
    result.warnings = request.cache->info().notes;
    for (const std::string& warning : trip.warnings(cache.info()))
        result.warnings.push_back(warning);
    return result;
}

/// Medians and bounds of what each run took.
void setTimes(EvaluationResult& result, std::vector<double> encodes, std::vector<double> decodes)
{
    result.timings = static_cast<int>(encodes.size());
    std::sort(encodes.begin(), encodes.end());
    std::sort(decodes.begin(), decodes.end());
    result.compressSeconds = quantile(encodes, 0.5);
    result.decompressSeconds = quantile(decodes, 0.5);
    if (result.timings < 2)
        return;
    result.compressFastest = encodes.front();
    result.compressSlowest = encodes.back();
    result.decompressFastest = decodes.front();
    result.decompressSlowest = decodes.back();
}

} // namespace

double EvaluationResult::keptShare() const
{
    const std::uint64_t kept = ledger[LedgerPart::Sinks] + ledger[LedgerPart::Tail];
    return originalBytes && ledger.total() ? double(kept) / double(originalBytes) : kNoValue;
}

double EvaluationResult::publishedRatio() const
{
    const MethodInfo* info = Registry::instance().find(method.id);
    return info && originalBytes && ledger.total() ? double(publishedBytes(*info, ledger)) / double(originalBytes)
                                                   : kNoValue;
}

std::string rowName(const EvaluationResult& result) { return result.control ? controlName : printSpec(result.method); }

EvaluationResult evaluate(const EvaluationRequest& request, const TokenImportance& importance, const JobControl& job)
{
    const at::NoGradGuard noGrad;
    checkRequest(request);
    const CodecContext context { job, c10::Device(deviceName(request.device)), request.seed };
    const auto run = [&] {
        RoundTrip trip(request.method, context);
        const CachePtr cache = trip.needsAllLayers() ? request.cache : selectedLayers(request);
        trip.validate(request.cache->info());
        EvaluationResult result = emptyResult(request, *cache, trip);
        EvaluationRun(request, *cache, importanceTensor(*request.cache, importance, job), context, result).run(trip);
        return result;
    };
    EvaluationResult result = run();
    std::vector<double> encodes { result.compressSeconds }, decodes { result.decompressSeconds };
    for (int i = 1; i < request.repeat && !result.preview; ++i) { // measured as well, so that each run meets the same
        const EvaluationResult again = run();
        encodes.push_back(again.compressSeconds);
        decodes.push_back(again.decompressSeconds);
    }
    setTimes(result, std::move(encodes), std::move(decodes));
    return result;
}

EvaluationResult evaluate(const EvaluationRequest& request, const JobControl& job)
{
    return evaluate(request, TokenImportance(request.cache, request.importance), job);
}

std::uint64_t compressFile(
    const EvaluationRequest& request, const TokenImportance& importance, const std::string& path, const JobControl& job)
{
    const at::NoGradGuard noGrad;
    checkRequest(request);
    const CachePtr cache = selectedLayers(request);
    const auto compressor = makeCompressor(request.method);
    compressor->accept(cache->info());
    const CodecContext context { job, c10::Device(deviceName(request.device)), request.seed };
    const EncodedCache encoded = compressor->encode(
        *withCleanLayers(cache, request.acceptNonFinite), importanceTensor(*request.cache, importance, job), context);
    job.checkpoint();
    encoded.save(path);
    return encoded.fileBytes();
}

} // namespace pikv
