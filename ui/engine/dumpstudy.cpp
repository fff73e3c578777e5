// SPDX-License-Identifier: GPL-3.0-or-later
// The open dump as the engine thread works with it.
#include "ui/engine/dumpstudy.h"
#include <utility>

namespace pikv::ui {
namespace {

constexpr std::size_t previewCount = 3; ///< layers

} // namespace

void DumpStudy::setCache(const CachePtr& cache)
{
    m_settings.acceptNonFinite = false;
    m_study = std::make_shared<Study>(cache, m_settings);
    m_recent.clear();
}

void DumpStudy::setSettings(const StudySettings& settings)
{
    m_settings = settings;
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

std::function<ResultPtr(const JobControl&)> DumpStudy::measure(const MethodSpec& method, std::vector<int> layers) const
{
    return [study = m_study, method, layers = std::move(layers)](const JobControl& control) -> ResultPtr {
        return std::make_shared<EvaluationResult>(study->evaluate(method, { layers }, control));
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
    const ResultPtr* result = m_recent.object(keyOf(method));
    return result ? *result : nullptr;
}

void DumpStudy::remember(const ResultPtr& result)
{
    if (!result->preview)
        m_recent.insert(keyOf(result->method), new ResultPtr(result));
}

} // namespace pikv::ui
