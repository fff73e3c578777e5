// SPDX-License-Identifier: GPL-3.0-or-later
// The points of a sweep that are still to come, what came of the others, and the sentence that says so.
#include "ui/engine/sweep.h"
#include "core/codec/registry.h"
#include "ui/models/counted.h"
#include <utility>

namespace pikv::ui {

Sweep::Sweep(JobQueue* queue, DumpStudy* study, QObject* parent)
    : QObject(parent)
    , m_study(study)
    , m_points(queue, JobKind::SweepPoint,
          { [this](const std::string& key, const ResultPtr& result, quint64) {
               m_study->remember(result);
               Q_EMIT ready(result);
               endPoint(key);
           },
              [this](const std::string& key, const JobProblem& problem) {
                  if (problem.isCancel())
                      return;
                  ++m_failed;
                  Q_EMIT failed(problem);
                  endPoint(key);
              } })
{
}

void Sweep::request(const std::vector<MethodSpec>& points)
{
    for (const MethodSpec& method : points) {
        const std::string key = printSpec(method);
        if (!m_waiting.emplace(key, method.id).second)
            continue;
        ++m_total;
        if (const ResultPtr known = m_study->known(method)) {
            m_points.answer(key, known);
            continue;
        }
        Latest<ResultPtr>::Terms terms;
        terms.label = QString::fromStdString(Registry::instance().get(method.id).label);
        terms.urgency = Urgency::Sweep;
        m_points.request(key, terms, m_study->measure(method, Origin::Wanted));
    }
}

void Sweep::endPoint(const std::string& key)
{
    m_waiting.erase(key);
    m_points.drop(key); // the same point may be asked for again
    endIfEmpty();
}

void Sweep::endIfEmpty()
{
    if (m_total == 0 || !m_waiting.empty())
        return;
    const int total = std::exchange(m_total, 0), failures = std::exchange(m_failed, 0);
    Q_EMIT finished(total, total, failures);
}

void Sweep::dropMethod(const QString& methodId)
{
    const std::string id = methodId.toStdString();
    m_total -= int(std::erase_if(m_waiting, [&](const auto& point) {
        if (point.second != id)
            return false;
        m_points.drop(point.first);
        return true;
    }));
    endIfEmpty();
}

void Sweep::dropAll()
{
    m_waiting.clear();
    m_points.dropAll();
    m_total = m_failed = 0;
}

void Sweep::cancel()
{
    const int all = m_total, came = done(), failures = m_failed;
    dropAll();
    if (all > 0)
        Q_EMIT finished(came, all, failures);
}

QString Sweep::summary(int done, int total, int failed)
{
    const QString points = counted(total, tr("point"), tr("points"));
    if (done < total)
        return tr("Sweep cancelled after %1 of %2").arg(QString::number(done), points);
    if (failed > 0)
        return tr("Sweep finished: %1 of %2, %3 failed")
            .arg(QString::number(total - failed), points, QString::number(failed));
    return tr("Sweep finished: %1").arg(points);
}

} // namespace pikv::ui
