// SPDX-License-Identifier: GPL-3.0-or-later
// The open dump as the engine thread works with it.
#include "ui/engine/dumpstudy.h"
#include <utility>

namespace pikv::ui {
namespace {

constexpr std::size_t previewCount = 3; ///< layers

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
    setStored({});
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
    setStored({});
    if (m_study)
        m_study = std::make_shared<Study>(m_study->cache(), settings);
}

/// Of what results of one dump depend on here: device and seed stay as they are.
QString DumpStudy::keyOf(const SweepPoint& point) const
{
    return QStringLiteral("%1|%2|%3")
        .arg(QString::fromStdString(printSpec(point.method)), QString::fromStdString(printImportance(point.importance)),
            m_settings.acceptNonFinite ? "all" : "finite");
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
    const ResultPtr result = recent ? *recent : m_known.value(key, m_swept.value(key).result);
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
    QList<ResultPtr> all = m_stored;
    for (auto swept = m_swept.begin(); swept != m_swept.end(); ++swept)
        if (swept->result->importance == m_settings.importance && swept->acceptNonFinite == m_settings.acceptNonFinite
            && !m_storedKeys.contains(swept.key()))
            all << swept->result;
    return all;
}

void DumpStudy::setStored(const std::vector<ResultStore::Found>& found)
{
    m_known.clear();
    m_stored.clear();
    m_storedKeys.clear();
    for (const auto& [result, origin] : found) {
        const auto shared = std::make_shared<EvaluationResult>(result);
        const QString key = keyOf(result);
        m_known.insert(key, shared);
        if (origin != Origin::Wanted)
            continue;
        m_stored << shared;
        m_storedKeys.insert(key);
    }
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
