// SPDX-License-Identifier: GPL-3.0-or-later
// The open dump as the engine thread works with it.
#include "ui/engine/dumpstudy.h"
#include <algorithm>
#include <utility>

namespace pikv::ui {
namespace {

constexpr std::size_t previewCount = 3; ///< layers
constexpr std::size_t mostSettings = 4; ///< of which what is stored stays in memory

/// Evaluates and notes how long that took, unless it was stored.
EvaluationResult timed(const Recorder& recorder, const Study& study, const MethodSpec& method,
    const EvaluationScope& scope, MeasuredTimes& times, const JobControl& control)
{
    const Stopwatch watch;
    EvaluationResult result = recorder.evaluate(study, method, scope, control);
    if (result.measured.empty() && !result.preview)
        times.addEvaluation(method.id, watch.seconds(), result.compressSeconds + result.decompressSeconds);
    return result;
}

} // namespace

void DumpStudy::setCache(const CachePtr& cache, const std::string& fingerprint)
{
    m_fingerprint = fingerprint;
    m_stored.clear();
    m_settings.acceptNonFinite = false;
    m_study = std::make_shared<Study>(cache, m_settings);
    m_others.clear();
    m_times = std::make_shared<MeasuredTimes>(); // the last dump's jobs may still hold the other one
    m_recent.clear();
    m_swept.clear();
}

void DumpStudy::setSettings(const StudySettings& settings)
{
    m_settings = settings;
    m_others.clear();
    const auto known = std::find_if(
        m_stored.begin(), m_stored.end(), [&](const Stored& stored) { return stored.settings == settings; });
    if (known != m_stored.end())
        m_stored.splice(m_stored.begin(), m_stored, known);
    if (m_study)
        m_study = std::make_shared<Study>(m_study->cache(), settings);
}

/// Of what results of one dump depend on here: device and seed stay as they are.
QString DumpStudy::keyOf(const SweepPoint& point, bool acceptNonFinite)
{
    return QStringLiteral("%1|%2|%3")
        .arg(QString::fromStdString(printSpec(point.method)), QString::fromStdString(printImportance(point.importance)),
            acceptNonFinite ? "all" : "finite");
}

std::function<ResultPtr(const JobControl&)> DumpStudy::measure(
    const MethodSpec& method, Origin origin, std::vector<int> layers) const
{
    EvaluationScope scope;
    scope.layers = std::move(layers);
    scope.repeat = m_repeat;
    return [study = m_study, recorder = recorder(origin), method, scope, times = m_times](
               const JobControl& control) -> ResultPtr {
        return std::make_shared<EvaluationResult>(timed(recorder, *study, method, scope, *times, control));
    };
}

/// Each computes its importance once.
StudyPtr DumpStudy::studyAt(const ImportanceSpec& importance)
{
    if (importance == m_settings.importance)
        return m_study;
    for (const StudyPtr& other : m_others)
        if (other->settings().importance == importance)
            return other;
    StudySettings settings = m_settings;
    settings.importance = importance;
    return m_others.emplace_back(std::make_shared<Study>(m_study->cache(), settings));
}

std::function<ResultPtr(const JobControl&)> DumpStudy::measure(
    const SweepPoint& point, const std::shared_ptr<SweepTest>& test)
{
    EvaluationScope scope;
    scope.repeat = m_repeat;
    return [study = studyAt(point.importance), recorder = recorder(Origin::Wanted), method = point.method, test, scope,
               times = m_times](const JobControl& control) -> ResultPtr {
        const auto session = test ? test->session(*study, control) : nullptr; // says first what it cannot do
        EvaluationResult result = timed(recorder, *study, method, scope, *times, control);
        if (session) {
            const Stopwatch watch;
            recorder.score(*study, result, *session, control);
            times->addScore(method.id, watch.seconds());
        }
        return std::make_shared<EvaluationResult>(std::move(result));
    };
}

std::vector<int> DumpStudy::previewLayers() const
{
    const std::size_t count = m_study->info().layers.size();
    if (count <= previewCount)
        return {};
    std::vector<int> layers;
    for (std::size_t i = 0; i < previewCount; ++i)
        layers.push_back(int((2 * i + 1) * count / (2 * previewCount)));
    return layers;
}

ResultPtr DumpStudy::known(const SweepPoint& point) const
{
    const QString key = keyOf(point);
    const ResultPtr* recent = m_recent.object(key);
    ResultPtr result = recent ? *recent : m_swept.value(key).result;
    for (auto stored = m_stored.begin(); !result && stored != m_stored.end(); ++stored)
        result = stored->known.value(key);
    return result && result->timings >= m_repeat ? result : nullptr;
}

void DumpStudy::remember(const ResultPtr& result)
{
    if (!result->preview && !result->layers.empty()) // one without layers is a stored one
        m_recent.insert(keyOf(*result), new ResultPtr(result));
}

void DumpStudy::rememberSwept(const ResultPtr& result)
{
    remember(result);
    auto plain = std::make_shared<EvaluationResult>(*result);
    plain->layers.clear();
    m_swept.insert(keyOf(*result), { plain, m_settings.acceptNonFinite });
}

QList<ResultPtr> DumpStudy::stored() const
{
    const Stored none, &stored = hasStored() ? m_stored.front() : none;
    QList<ResultPtr> all = stored.wanted;
    for (auto swept = m_swept.begin(); swept != m_swept.end(); ++swept)
        if (swept->result->importance == m_settings.importance && swept->acceptNonFinite == m_settings.acceptNonFinite
            && !stored.wantedKeys.contains(swept.key()))
            all << swept->result;
    return all;
}

DumpStudy::Stored DumpStudy::asStored(const StudySettings& settings, const std::vector<ResultStore::Found>& found)
{
    Stored stored { settings, {}, {}, {} };
    stored.known.reserve(qsizetype(found.size()));
    for (const auto& [result, origin] : found) {
        const auto shared = std::make_shared<EvaluationResult>(result);
        const QString key = keyOf({ result.method, result.importance }, settings.acceptNonFinite);
        stored.known.insert(key, shared);
        if (origin != Origin::Wanted)
            continue;
        stored.wanted << shared;
        stored.wantedKeys.insert(key);
    }
    return stored;
}

void DumpStudy::setStored(const Stored& stored)
{
    m_stored.remove_if([&](const Stored& other) { return other.settings == stored.settings; });
    m_stored.push_front(stored);
    if (m_stored.size() > mostSettings)
        m_stored.pop_back();
}

std::vector<ResultPtr> DumpStudy::unkept() const
{
    std::vector<ResultPtr> results;
    for (const QString& key : m_recent.keys())
        if (const ResultPtr& result = *m_recent.object(key);
            result->importance == m_settings.importance && keyOf(*result) == key && result->measured.empty())
            results.push_back(result);
    return results;
}

} // namespace pikv::ui
