// SPDX-License-Identifier: GPL-3.0-or-later
// The open dump as the engine thread works with it.
#include "ui/engine/dumpstudy.h"
#include <utility>

namespace pikv::ui {
namespace {

constexpr std::size_t previewCount = 3; ///< layers

} // namespace

void DumpStudy::setCache(const CachePtr& cache, const std::string& fingerprint)
{
    m_fingerprint = fingerprint;
    setStored({});
    m_settings.acceptNonFinite = false;
    m_study = std::make_shared<Study>(cache, m_settings);
    m_recent.clear();
}

void DumpStudy::setSettings(const StudySettings& settings)
{
    m_settings = settings;
    setStored({});
    if (m_study)
        m_study = std::make_shared<Study>(m_study->cache(), settings);
}

/// Of what results of one dump depend on here: device and seed stay as they are.
QString DumpStudy::keyOf(const MethodSpec& method) const
{
    return QStringLiteral("%1|%2|%3")
        .arg(QString::fromStdString(printSpec(method)), QString::fromStdString(printImportance(m_settings.importance)),
            m_settings.acceptNonFinite ? "all" : "finite");
}

std::function<ResultPtr(const JobControl&)> DumpStudy::measure(
    const MethodSpec& method, Origin origin, std::vector<int> layers) const
{
    EvaluationScope scope;
    scope.layers = std::move(layers);
    scope.repeat = m_repeat;
    return [study = m_study, recorder = recorder(origin), method, scope](const JobControl& control) -> ResultPtr {
        return std::make_shared<EvaluationResult>(recorder.evaluate(*study, method, scope, control));
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

ResultPtr DumpStudy::known(const MethodSpec& method) const
{
    const QString key = keyOf(method);
    const ResultPtr* recent = m_recent.object(key);
    const ResultPtr result = recent ? *recent : m_known.value(key);
    return result && result->timings >= m_repeat ? result : nullptr;
}

void DumpStudy::remember(const ResultPtr& result)
{
    if (!result->preview && !result->layers.empty()) // one without layers is a stored one
        m_recent.insert(keyOf(result->method), new ResultPtr(result));
}

void DumpStudy::setStored(const std::vector<ResultStore::Found>& found)
{
    m_known.clear();
    m_stored.clear();
    for (const auto& [result, origin] : found) {
        const auto shared = std::make_shared<EvaluationResult>(result);
        m_known.insert(keyOf(result.method), shared);
        if (origin == Origin::Wanted)
            m_stored << shared;
    }
}

std::vector<ResultPtr> DumpStudy::unkept() const
{
    std::vector<ResultPtr> results;
    for (const QString& key : m_recent.keys())
        if (const ResultPtr& result = *m_recent.object(key); keyOf(result->method) == key && result->measured.empty())
            results.push_back(result);
    return results;
}

} // namespace pikv::ui
