// SPDX-License-Identifier: GPL-3.0-or-later
// The rules that every measurement obeys, whoever asks for it: fit first, then memory, then work.
#include "core/study/study.h"
#include "core/base/memory.h"
#include "core/codec/registry.h"
#include "core/eval/calibrate.h"
#include "core/eval/memoryneed.h"
#include "core/study/choices.h"
#include <utility>

namespace pikv {
namespace {

std::string nameOf(const CacheInfo& info) { return info.path.empty() ? "the cache" : info.path; }

} // namespace

Study::Study(CachePtr cache, const StudySettings& settings)
    : m_cache(std::move(cache))
    , m_settings(settings)
    , m_importance(m_cache, settings.importance)
{
}

void Study::check(const MethodSpec& method) const
{
    checkMethod(method, info());
    requireMemory(evaluationMemory(method, info()), "evaluating " + method.id);
}

EvaluationRequest Study::requestOf(const MethodSpec& method) const
{
    EvaluationRequest request;
    request.cache = m_cache;
    request.method = method;
    request.importance = m_settings.importance;
    request.device = m_settings.device;
    request.seed = m_settings.seed;
    request.acceptNonFinite = m_settings.acceptNonFinite;
    return request;
}

EvaluationResult Study::evaluate(const MethodSpec& method, const EvaluationScope& scope, const JobControl& job) const
{
    check(method);
    EvaluationRequest request = requestOf(method);
    request.layers = scope.layers;
    request.perLayer = scope.perLayer;
    request.repeat = scope.repeat;
    EvaluationResult result = pikv::evaluate(request, m_importance, job);
    if (scope.nextToken && !result.preview)
        result.nextToken = score(method, *scope.nextToken, scope.klShares, job);
    return result;
}

std::uint64_t Study::compress(const MethodSpec& method, const std::string& path, const JobControl& job) const
{
    checkMethod(method, info());
    requireMemory(compressionMemory(info()), "compressing " + nameOf(info()) + " with " + method.id);
    return compressFile(requestOf(method), m_importance, path, job);
}

std::shared_ptr<NextTokenSession> Study::openNextToken(
    const ModelPtr& model, std::int64_t positions, bool compressContinuation, const JobControl& job) const
{
    NextTokenSetup setup;
    setup.model = model;
    setup.compressContinuation = compressContinuation;
    setup.texts = { splitDump(*model, m_cache, positions > 0 ? positions : defaultPositions(info())) };
    return NextTokenSession::open(std::move(setup), job);
}

NextTokenMetrics Study::score(
    const MethodSpec& method, NextTokenSession& test, bool klShares, const JobControl& job) const
{
    NextTokenMethod scoring = scoringOf(method);
    scoring.klShares = klShares;
    return test.run(scoring, job).summary.mean;
}

NextTokenMethod Study::scoringOf(const MethodSpec& method) const { return pikv::scoringOf(method, m_settings); }

EvaluationResult Study::control(NextTokenSession& test, const JobControl& job) const
{
    NextTokenResult result = test.control(0, job);
    result.request.importance = m_settings.importance;
    result.request.seed = m_settings.seed;
    result.originalBytes = result.storedBytes = info().referenceBytes(); // as beside it: of all, not of the context
    return toEvaluation(result, deviceName(m_settings.device));
}

ProxyResult Study::proxy(const MethodSpec& method, const JobControl& job) const
{
    checkMethod(method, info());
    requireMemory(wholeMemory(info()), "predicting from " + nameOf(info()) + " with " + method.id);
    ProxyRequest request;
    request.cache = m_cache;
    request.method = method;
    request.importance = m_settings.importance;
    request.device = m_settings.device;
    request.seed = m_settings.seed;
    request.acceptNonFinite = m_settings.acceptNonFinite;
    return runProxy(request, job);
}

NextTokenMethod scoringOf(const MethodSpec& method, const StudySettings& settings)
{
    NextTokenMethod scoring;
    scoring.method = method;
    scoring.importance = settings.importance;
    scoring.device = settings.device;
    scoring.seed = settings.seed;
    return scoring;
}

std::uint64_t calibrate(const MethodSpec& method, const std::vector<CachePtr>& caches, const StudySettings& settings,
    const std::string& path, const JobControl& job)
{
    checkCalibratable(method);
    requireMemory(calibrationMemory(method, caches), "calibrating " + method.id);
    return calibrateFile({ caches, method, settings.importance, settings.device, settings.seed }, path, job);
}

} // namespace pikv
