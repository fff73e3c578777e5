// SPDX-License-Identifier: GPL-3.0-or-later
// The parameter `metric`: whose answer is asked for, a model's or the dump's own queries'.
#include "core/codec/parts/metriccompressor.h"
#include "core/base/error.h"
#include "core/codec/parts/querymetric.h"
#include "core/model/model.h"
#include <algorithm>

namespace pikv {
namespace {

bool isOfQueries(const MethodSpec& spec) { return spec.params.text("metric") == "queries"; }

} // namespace

void MetricCompressor::validate(const CacheInfo& info) const
{
    LayerwiseCompressor::validate(info);
    if (isOfQueries(spec()) && !info.hasQueries())
        throw usageError(spec().id + ": metric=queries needs the dump's queries, and it has none");
}

void MetricCompressor::validateLearning(const CacheInfo& info) const
{
    LayerwiseCompressor::validateLearning(info);
    if (isOfQueries(spec()))
        throw usageError(spec().id + ": metric=queries is of one dump; a calibration takes next_token, plain or auto");
}

std::shared_ptr<const LanguageModel> MetricCompressor::gradientModel(
    const std::vector<std::shared_ptr<const KvCache>>& caches, Learning learning, const CodecContext& context) const
{
    const std::string& metric = params().text("metric");
    const bool must = metric == "next_token",
               may = metric == "auto" && (learning == Learning::OfOthers || autoAsksForItself());
    if (!must && !may)
        return {};
    const auto isReady
        = [&](const auto& cache) { return gradientObstacle(cache->info(), fisherRequest(cache->info())).empty(); };
    if (!must && !std::all_of(caches.begin(), caches.end(), isReady))
        return {}; // without opening a model, which takes long
    ModelPtr model;
    try {
        model = openSharedModel(modelOfParam(params().text("model")), context.job);
    } catch (const Error& e) {
        if (must || e.kind() != ErrorKind::Input || !params().text("model").empty())
            throw;
        return {};
    }
    for (const auto& cache : caches) {
        const CacheInfo& info = cache->info();
        const std::string obstacle = gradientObstacle(*model, info, fisherRequest(info));
        if (!obstacle.empty() && must)
            throw usageError(spec().id + ": " + info.path + ": " + obstacle);
        if (!obstacle.empty())
            return {};
    }
    return model;
}

MethodSpec MetricCompressor::learnedAs(bool withGradients) const
{
    MethodSpec learned = spec();
    learned.params.set("metric", std::string(withGradients ? "next_token" : "plain"));
    return learned;
}

MetricCompressor::LayerMetric::LayerMetric(
    const MetricCompressor& method, const LayerInput& input, const JobControl& job)
    : m_found(input.fisher)
{
    if (input.shared || input.fisher || !isOfQueries(method.spec()))
        return;
    m_ofQueries = queryMetric(input, method.keyRotation(input, c10::kCPU), job);
    if (m_ofQueries)
        m_found = &*m_ofQueries;
}

ParamSpec metricParam(bool asksForItself)
{
    return param::choice("metric", "Metric", "auto", { "auto", "next_token", "queries", "plain" },
        std::string("What errors are measured by, in a calibration or, without one, when a cache is encoded: the next "
                    "tokens of a model, the attention of the dump's own queries (to first order: for small errors; no "
                    "calibration), or plain squares; auto: ")
            + (asksForItself ? "the model where it is that of the dumps, else plain."
                             : "the model in a calibration, where it is that of the dumps, else plain."));
}

ParamSpec metricModelParam()
{
    return param::folded(param::model(", whose next tokens the metric is of; decode needs none."));
}

} // namespace pikv
