// SPDX-License-Identifier: GPL-3.0-or-later
// Previews before full results, unless the result is known.
#include "ui/engine/livepoints.h"
#include "core/codec/registry.h"
#include <utility>

namespace pikv::ui {

LivePoints::LivePoints(JobQueue* queue, DumpStudy* study, QObject* parent)
    : QObject(parent)
    , m_study(study)
    , m_points(queue, JobKind::LivePoint,
          { [this](const std::string& method, const ResultPtr& result, quint64 id) {
               m_study->remember(result);
               if (!m_points.isPending(method))
                   m_unfinished.erase(method);
               Q_EMIT ready(result, id);
           },
              [this](const std::string& method, const JobProblem& problem) {
                  if (problem.isCancel())
                      return;
                  m_unfinished.erase(method);
                  Q_EMIT failed(QString::fromStdString(method), problem);
              } })
{
}

quint64 LivePoints::request(const MethodSpec& method)
{
    m_unfinished.insert_or_assign(method.id, method);
    const ResultPtr known = m_study->known(method);
    if (known && !known->layers.empty())
        return m_points.answer(method.id, known);
    Latest<ResultPtr>::Terms terms;
    terms.label = QString::fromStdString(Registry::instance().get(method.id).label);
    const std::vector<int> rough = needsAllLayers(method) ? std::vector<int>() : m_study->previewLayers();
    auto full = m_study->measure(method, Origin::Passed);
    if (rough.empty() || known) // the store has the full one
        return m_points.request(method.id, terms, std::move(full));
    return m_points.request(method.id, terms, m_study->measure(method, Origin::Passed, rough), std::move(full));
}

void LivePoints::drop(const QString& methodId)
{
    m_unfinished.erase(methodId.toStdString());
    m_points.drop(methodId.toStdString());
}

void LivePoints::dropAll()
{
    m_unfinished.clear();
    m_points.dropAll();
}

void LivePoints::finish()
{
    for (const auto& [id, method] : std::map(m_unfinished))
        if (!m_points.isPending(id))
            request(method);
}

} // namespace pikv::ui
