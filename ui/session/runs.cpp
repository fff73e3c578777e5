// SPDX-License-Identifier: GPL-3.0-or-later
// An open or another importance asks for the live point of every checked method and, once all of them have their full
// result (the first chart), for the default sweeps. An edit asks for its method's live point; a check asks for live
// point and sweep, an uncheck forgets both. Scores join the live points as they come.
#include "ui/session/runs.h"
#include "core/codec/registry.h"
#include "core/study/choices.h"
#include "core/study/resultstore.h"
#include "ui/engine/engine.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/problemsmodel.h"
#include "ui/models/specstore.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/nexttoken/nexttokenmodel.h"
#include <set>
#include <utility>

namespace pikv::ui {

Runs::Runs(const RunsParts& parts, QObject* parent)
    : QObject(parent)
    , m_parts(parts)
{
    connect(parts.engine, &Engine::recalled, this, &Runs::noteRecalled);
    connect(parts.engine, &Engine::resultReady, this, &Runs::noteResult);
    connect(parts.engine, &Engine::liveFailed, this, [this](const QString& id) {
        m_parts.results->setStale(id, false); // no newer one is to come
        noteLiveDone(id);
    });
    connect(parts.engine, &Engine::cancelled, this, &Runs::settleCancelled);
    connect(parts.nextToken, &NextTokenController::scored, this, &Runs::noteScores);
    connect(parts.nextToken->test(), &Scoring::opened, parts.nextToken->test(), &Scoring::recall);
    connect(parts.nextToken->test(), &Scoring::remembered, this, &Runs::noteRemembered);
    connect(parts.nextToken->test(), &Scoring::failed, this, [this](const QString& method) {
        m_parts.results->setStale(method, false); // no newer figures are to come
    });
}

void Runs::evaluateAnew()
{
    if (!m_parts.engine->info())
        return;
    m_parts.results->removeSweep();
    m_sweepAfterLive = true;
    const QStringList checked = m_parts.methods->checkedMethods();
    m_awaited = QSet<QString>(checked.begin(), checked.end());
    for (const QString& id : checked)
        m_parts.results->setStale(id, true);
    m_recalling = true;
    m_parts.engine->recall();
}

/// What was measured on another day comes first, and all at once; the live points are then known or asked for.
void Runs::noteRecalled()
{
    const QStringList checked = m_parts.methods->checkedMethods();
    showStored(QSet<QString>(checked.begin(), checked.end()));
    m_parts.nextToken->test()->recall();
    if (!std::exchange(m_recalling, false))
        return;
    for (const QString& id : checked)
        requestLive(id);
}

void Runs::showStored(const QSet<QString>& methods)
{
    std::set<std::string> ids;
    for (const QString& method : methods)
        ids.insert(method.toStdString());
    const QList<ResultPtr> stored = m_parts.engine->stored();
    QList<ResultPtr> shown;
    shown.reserve(stored.size());
    for (const ResultPtr& result : stored)
        if (ids.contains(result->method.id))
            shown << result;
    m_parts.results->addSwept(shown);
}

void Runs::requestLive(const QString& methodId)
{
    if (!m_parts.engine->info())
        return;
    m_parts.results->setStale(methodId, true);
    m_parts.engine->requestLive(m_parts.specs->spec(methodId));
    m_parts.nextToken->requestMethod(methodId);
}

void Runs::addMethod(const QString& methodId)
{
    showStored({ methodId });
    requestLive(methodId);
    if (!m_sweepAfterLive)
        sweep(methodId);
}

void Runs::dropMethod(const QString& methodId)
{
    m_parts.engine->dropMethod(methodId);
    m_parts.results->removeMethod(methodId);
    noteLiveDone(methodId);
}

void Runs::sweepChecked()
{
    for (const QString& id : m_parts.methods->checkedMethods())
        sweep(id);
}

void Runs::sweep(const QString& methodId)
{
    if (const CacheInfo* info = m_parts.engine->info())
        m_parts.engine->requestSweep(defaultSweep(Registry::instance().get(methodId.toStdString()), *info));
}

void Runs::noteResult(const ResultPtr& result, quint64 id, bool live)
{
    const QString method = QString::fromStdString(result->method.id);
    if (!live && result->importance != m_parts.engine->importance())
        return; // shown when that source is chosen
    m_parts.results->put(live ? withScores(result) : result, live);
    if (live && (m_parts.nextToken->isScoring(method) || id != m_parts.engine->latestLive(method)))
        m_parts.results->setStale(method, true); // its scores, or those of newer settings, are still to come
    if (!result->preview)
        for (const std::string& warning : result->warnings)
            m_parts.problems->addWarning(QString::fromStdString(warning));
    if (live && !result->preview)
        noteLiveDone(method);
}

/// No full result of this method is awaited any more; after the last one the first chart is complete.
void Runs::noteLiveDone(const QString& methodId)
{
    if (!m_awaited.remove(methodId) || !m_awaited.isEmpty())
        return;
    Q_EMIT firstChartComplete();
    if (std::exchange(m_sweepAfterLive, false))
        sweepChecked();
}

void Runs::settleCancelled()
{
    for (const QString& id : m_parts.methods->checkedMethods())
        if (m_parts.engine->latestLive(id) == 0)
            m_parts.results->setStale(id, false);
}

/// The form's point with its next-token figures. While newer ones are being scored those of the earlier settings stay,
/// on a row that says that it is stale.
ResultPtr Runs::withScores(const ResultPtr& result) const
{
    const NextTokenController* test = m_parts.nextToken;
    const NextTokenEntry* entry = test->figures()->entry(QString::fromStdString(result->method.id));
    if (test->state() != NextTokenController::State::Ready || !entry || !entry->full)
        return result;
    auto merged = std::make_shared<EvaluationResult>(*result);
    merged->nextToken = entry->full->summary.mean;
    return merged;
}

void Runs::noteScores(const NextTokenPtr& scores)
{
    const MethodSpec& scored = scores->request.method;
    const QString method = QString::fromStdString(scored.id);
    const int row = m_parts.results->currentRow(method);
    if (row < 0)
        return;
    const ResultPtr shown = m_parts.results->row(row).result;
    m_parts.results->put(withScores(shown), true);
    if (shown->method != scored || shown->preview)
        m_parts.results->setStale(method, true); // its own full result is still to come
}

/// Points of sweeps, which nobody scores here.
void Runs::noteRemembered(const std::map<std::string, NextTokenMetrics>& scores)
{
    if (scores.empty())
        return;
    m_parts.results->scoreSwept([&](const EvaluationResult& result) -> const NextTokenMetrics* {
        const auto at = scores.find(methodText(result.method));
        return at == scores.end() ? nullptr : &at->second;
    });
}

} // namespace pikv::ui
