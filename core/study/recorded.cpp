// SPDX-License-Identifier: GPL-3.0-or-later
// The rule of what may stand in for a measurement: the same dump, engine, settings and method, and nothing less.
#include "core/study/recorded.h"
#include "core/base/filehash.h"
#include "core/codec/registry.h"
#include "core/dumps/fingerprint.h"
#include "core/eval/engineid.h"
#include "core/model/model.h"
#include <filesystem>
#include <utility>

namespace pikv {
namespace {

DumpFacts factsOf(const CacheInfo& info) { return { info.path, info.model, info.shapeText() }; }

std::string stateBehind(const ParamSpec& param, const std::string& value)
{
    if (value.empty() && !param.isModel)
        return {};
    try {
        return fileState(param.isModel ? modelOfParam(value) : value);
    } catch (const Error&) {
        return {}; // evaluating says what is wrong with it
    }
}

} // namespace

std::string settingsText(const StudySettings& settings)
{
    return "importance=" + printImportance(settings.importance) + " seed=" + std::to_string(settings.seed) + " device="
        + deviceName(settings.device) + " nonfinite=" + (settings.acceptNonFinite ? "left out" : "refused");
}

std::string methodText(const MethodSpec& method)
{
    std::string text = method.id + ":" + printParams(method);
    for (const ParamSpec& param : Registry::instance().get(method.id).params)
        if (param.type == ParamType::File)
            if (const std::string state = stateBehind(param, method.params.text(param.name)); !state.empty())
                text += " " + param.name + "@" + state;
    return text;
}

Recorder::Recorder(std::shared_ptr<ResultStore> store, std::string dump, Origin origin)
    : m_store(std::move(store))
    , m_dump(std::move(dump))
    , m_origin(origin)
{
}

MeasurementKey Recorder::key(const StudySettings& settings, const MethodSpec& method) const
{
    return { m_dump, engineId(), settingsText(settings), methodText(method) };
}

EvaluationResult Recorder::evaluate(
    const Study& study, const MethodSpec& method, const EvaluationScope& scope, const JobControl& job) const
{
    if (!works() || !scope.layers.empty())
        return study.evaluate(method, scope, job);
    const MeasurementKey at = key(study.settings(), method);
    std::optional<EvaluationResult> result = m_store->find(at, m_origin);
    if (!result || result->timings < scope.repeat) {
        EvaluationScope whole; // with its layers: whoever asks next may want them
        whole.repeat = scope.repeat;
        result = study.evaluate(method, whole, job);
        m_store->add(at, factsOf(study.info()), *result, m_origin);
    }
    if (scope.nextToken)
        result->nextToken = score(study, method, *scope.nextToken, scope.klShares, job);
    if (!scope.perLayer)
        result->layers.clear();
    return std::move(*result);
}

void Recorder::keep(const Study& study, const EvaluationResult& result) const
{
    if (works())
        m_store->add(key(study.settings(), result.method), factsOf(study.info()), result, m_origin);
}

std::string Recorder::textOf(const NextTokenSession& test, const JobControl& job) const
{
    return nextTokenText(test, hashOfFile(modelInfo(*test.setup().model).path, m_store.get(), job));
}

void Recorder::score(const Study& study, EvaluationResult& result, NextTokenSession& test, const JobControl& job) const
{
    result.nextToken
        = works() ? score(study, result.method, test, false, job) : study.score(result.method, test, false, job);
}

NextTokenMetrics Recorder::score(
    const Study& study, const MethodSpec& method, NextTokenSession& test, bool klShares, const JobControl& job) const
{
    const auto known = m_store->findScore(key(study.settings(), method), textOf(test, job));
    if (known && (!klShares || hasKlShares(*known)))
        return *known;
    const NextTokenMetrics score = study.score(method, test, klShares, job);
    keepScore(study, method, test, score, job);
    return score;
}

void Recorder::keepScore(const Study& study, const MethodSpec& method, const NextTokenSession& test,
    const NextTokenMetrics& score, const JobControl& job) const
{
    if (works())
        m_store->addScore(key(study.settings(), method), textOf(test, job), factsOf(study.info()), score);
}

std::map<std::string, NextTokenMetrics> Recorder::scores(
    const Study& study, const NextTokenSession& test, const JobControl& job) const
{
    if (!works())
        return {};
    return m_store->allScores({ m_dump, engineId(), settingsText(study.settings()), {} }, textOf(test, job));
}

std::vector<ResultStore::Found> Recorder::all(const StudySettings& settings) const
{
    if (!works())
        return {};
    return m_store->all({ m_dump, engineId(), settingsText(settings), {} });
}

namespace {

/// Another engine may read a file otherwise.
std::string ofCaches() { return "cache, " + engineId(); }
constexpr const char* ofFiles = "file";

/// What the file holds is not all that a cache is: files beside it can say more of it. A dump of which other files hold
/// tensors, too, has no state: they could change unseen.
std::string cacheState(const KvCache& cache)
{
    const CacheInfo& info = cacheInfo(cache);
    std::error_code error;
    if (!std::filesystem::is_directory(info.path, error)
        && std::filesystem::file_size(info.path, error) != info.fileBytes)
        return {};
    const std::string state = info.path.empty() ? std::string() : fileState(info.path);
    if (state.empty())
        return state;
    std::string told; // another mapping makes another cache of the same file
    for (const auto& [id, text] : info.told)
        told += "|" + id + "=" + text;
    return state + "|" + infoHash(info) + told;
}

} // namespace

std::string knownFingerprint(const KvCache& cache, ResultStore* store)
{
    const std::string state = store ? cacheState(cache) : std::string();
    return state.empty() ? state : store->knownHash(state, ofCaches());
}

std::string fingerprintOf(const KvCache& cache, ResultStore* store, const JobControl& job)
{
    if (std::string known = knownFingerprint(cache, store); !known.empty())
        return known;
    const std::string state = store ? cacheState(cache) : std::string();
    std::string hash = cacheFingerprint(cache, job);
    if (!state.empty())
        store->rememberHash(state, ofCaches(), hash);
    return hash;
}

std::string hashOfFile(const std::string& path, ResultStore* store, const JobControl& job)
{
    const std::string state = store ? fileState(path) : std::string();
    if (!state.empty())
        if (std::string known = store->knownHash(state, ofFiles); !known.empty())
            return known;
    std::string hash = fileHash(path, job);
    if (!state.empty())
        store->rememberHash(state, ofFiles, hash);
    return hash;
}

std::string nextTokenText(const NextTokenSession& test, const std::string& weights)
{
    const NextTokenSetup& setup = test.setup();
    std::string text = "weights=" + weights + (setup.compressContinuation ? " continuation=compressed" : "");
    for (const NextTokenText& one : setup.texts)
        text += " context=" + std::to_string(one.context) + " of " + std::to_string(one.tokens.size());
    return text;
}

} // namespace pikv
