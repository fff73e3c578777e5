// SPDX-License-Identifier: GPL-3.0-or-later
// The open dump as the engine thread works with it: its settings, and its importance, computed once.
#include "ui/engine/dumpstudy.h"
#include <utility>

namespace pikv::ui {
namespace {

constexpr std::size_t previewCount = 3; ///< layers

} // namespace

void DumpStudy::setCache(const CachePtr& cache)
{
    m_cache = cache;
    m_acceptNonFinite = false;
    m_once = std::make_shared<ImportanceOnce>();
    m_recent.clear();
}

void DumpStudy::setImportance(const ImportanceSpec& importance)
{
    m_importance = importance;
    m_once = std::make_shared<ImportanceOnce>();
}

QString DumpStudy::keyOf(const MethodSpec& method) const
{
    return QStringLiteral("%1|%2|%3|%4")
        .arg(QString::fromStdString(printSpec(method)), QString::fromStdString(printImportance(m_importance)),
            m_acceptNonFinite ? "all" : "finite", QString::number(m_sharedCaches));
}

EvaluationRequest DumpStudy::requestFor(const MethodSpec& method) const
{
    EvaluationRequest request;
    request.cache = m_cache;
    request.method = method;
    request.importance = m_importance;
    request.acceptNonFinite = m_acceptNonFinite;
    request.sharedCaches = m_sharedCaches;
    return request;
}

std::function<ResultPtr(const JobControl&)> DumpStudy::measure(const MethodSpec& method, std::vector<int> layers) const
{
    EvaluationRequest request = requestFor(method);
    request.layers = std::move(layers);
    return [request = std::move(request), once = m_once](const JobControl& control) -> ResultPtr {
        EvaluationRequest filled = request;
        if (request.importance.source != ImportanceSpec::Source::None) {
            if (!once->values)
                once->values = std::make_shared<const std::vector<float>>(
                    computeImportance(*request.cache, request.importance, control));
            filled.importanceValues = once->values;
        }
        return std::make_shared<EvaluationResult>(evaluate(filled, control));
    };
}

std::vector<int> DumpStudy::previewLayers() const
{
    const std::size_t count = cacheInfo(*m_cache).layers.size();
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
