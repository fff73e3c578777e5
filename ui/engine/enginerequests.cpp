// SPDX-License-Identifier: GPL-3.0-or-later
// Live points and sweeps: from the request in the GUI thread through the engine thread and back.
#include "core/codec/registry.h"
#include "ui/engine/engine.h"
#include "ui/engine/enginequeue.h"
#include <utility>

namespace pikv::ui {
namespace {

constexpr std::size_t previewLayers = 3;

/// Layers spread over the depth; empty where the whole is as quick.
std::vector<int> layersOfPreview(const CacheInfo& info)
{
    const std::size_t count = info.layers.size();
    if (count <= previewLayers)
        return {};
    std::vector<int> layers;
    for (std::size_t i = 0; i < previewLayers; ++i)
        layers.push_back(int((2 * i + 1) * count / (2 * previewLayers)));
    return layers;
}

/// Importance that was computed for a dump, kept by the engine thread between jobs.
struct ImportanceMemo {
    CachePtr cache;
    ImportanceSpec spec;
    std::shared_ptr<const std::vector<float>> values;

    void fill(EvaluationRequest& request, const JobControl& job)
    {
        if (request.importance.source == ImportanceSpec::Source::None)
            return;
        if (cache != request.cache || spec != request.importance) {
            values = std::make_shared<std::vector<float>>(computeImportance(*request.cache, request.importance, job));
            cache = request.cache;
            spec = request.importance;
        }
        request.importanceValues = values;
    }
};

/// In the engine thread.
ResultPtr evaluateNow(EvaluationRequest request, const JobControl& control)
{
    static thread_local ImportanceMemo memo;
    memo.fill(request, control);
    return std::make_shared<EvaluationResult>(evaluate(request, control));
}

QString labelOf(const MethodSpec& method) { return QString::fromStdString(Registry::instance().get(method.id).label); }

} // namespace

QString Engine::keyOf(const MethodSpec& method) const
{
    return QStringLiteral("%1|%2|%3|%4")
        .arg(QString::fromStdString(printSpec(method)), QString::fromStdString(printImportance(m_importance)),
            m_acceptNonFinite ? "all" : "finite", QString::number(m_sharedCaches));
}

EvaluationRequest Engine::requestFor(const MethodSpec& method) const
{
    EvaluationRequest request;
    request.cache = m_cache;
    request.method = method;
    request.importance = m_importance;
    request.acceptNonFinite = m_acceptNonFinite;
    request.sharedCaches = m_sharedCaches;
    return request;
}

quint64 Engine::requestLive(const MethodSpec& method)
{
    const quint64 id = ++m_lastId;
    if (!m_cache)
        return id;
    m_latest[QString::fromStdString(method.id)] = id;
    if (const ResultPtr* known = m_recent.object(keyOf(method))) {
        m_queue->dropLive(method.id);
        QMetaObject::invokeMethod(
            this, [this, result = *known, id, epoch = m_epoch] { deliver(result, id, true, epoch); },
            Qt::QueuedConnection);
        return id;
    }
    EvaluationRequest full = requestFor(method), preview = full;
    preview.layers = layersOfPreview(*info());
    const EngineQueue::Job whole { EngineQueue::Full, method.id, labelOf(method), liveJob(std::move(full), id) };
    if (preview.layers.empty())
        m_queue->push(whole);
    else
        m_queue->pushLive({ EngineQueue::Preview, method.id, labelOf(method), liveJob(std::move(preview), id) }, whole);
    return id;
}

std::function<void(const JobControl&)> Engine::liveJob(EvaluationRequest request, quint64 id)
{
    return [this, queue = m_queue, request = std::move(request), id, epoch = m_epoch](const JobControl& control) {
        try {
            const ResultPtr result = evaluateNow(request, control);
            queue->answer([this, result, id, epoch] { deliver(result, id, true, epoch); });
        } catch (...) {
            const Problem failure = currentProblem();
            const QString method = QString::fromStdString(request.method.id);
            if (failure.kind != ErrorKind::Cancelled)
                queue->answer([this, failure, method, id, epoch] { failLive(failure, method, id, epoch); });
        }
    };
}

void Engine::deliver(const ResultPtr& result, quint64 id, bool live, quint64 epoch)
{
    if (epoch != m_epoch)
        return;
    if (!result->preview)
        m_recent.insert(keyOf(result->method), new ResultPtr(result));
    if (live) {
        const QString method = QString::fromStdString(result->method.id);
        if (!m_latest.contains(method) || id < m_shown.value(method))
            return;
        m_shown[method] = id;
    }
    Q_EMIT resultReady(result, id, live);
}

void Engine::failLive(const Problem& failure, const QString& methodId, quint64 id, quint64 epoch)
{
    if (epoch != m_epoch || m_latest.value(methodId) != id)
        return;
    m_queue->dropLive(methodId.toStdString()); // the full run would say the same again
    Q_EMIT problem(failure);
    Q_EMIT liveFailed(methodId);
}

void Engine::requestSweep(const std::vector<MethodSpec>& points)
{
    if (!m_cache)
        return;
    for (const MethodSpec& method : points) {
        const QString key = keyOf(method);
        if (m_sweepPoints.contains(key))
            continue;
        ++m_sweepTotal;
        m_sweepPoints.insert(key, QString::fromStdString(method.id));
        if (const ResultPtr* known = m_recent.object(key)) {
            const auto repeat = [this, result = *known, key, epoch = m_epoch] {
                deliver(result, 0, false, epoch);
                finishSweepPoint(key, epoch);
            };
            QMetaObject::invokeMethod(this, repeat, Qt::QueuedConnection);
            continue;
        }
        pushSweepPoint(requestFor(method));
    }
}

void Engine::pushSweepPoint(EvaluationRequest request)
{
    const MethodSpec method = request.method;
    const auto run = [this, queue = m_queue, request = std::move(request), key = keyOf(method), epoch = m_epoch](
                         const JobControl& control) {
        try {
            const ResultPtr result = evaluateNow(request, control);
            queue->answer([this, result, key, epoch] {
                if (m_sweepPoints.contains(key)) // else its method was unchecked meanwhile
                    deliver(result, 0, false, epoch);
                finishSweepPoint(key, epoch);
            });
        } catch (...) {
            const Problem failure = currentProblem();
            if (failure.kind == ErrorKind::Cancelled)
                return; // done again later, or dropped with its sweep
            queue->answer([this, failure, key, epoch] {
                if (epoch == m_epoch)
                    Q_EMIT problem(failure);
                finishSweepPoint(key, epoch);
            });
        }
    };
    m_queue->push({ EngineQueue::Sweep, method.id, labelOf(method), run });
}

void Engine::finishSweepPoint(const QString& key, quint64 epoch)
{
    if (epoch != m_epoch || !m_sweepPoints.remove(key) || !m_sweepPoints.isEmpty())
        return;
    const int total = std::exchange(m_sweepTotal, 0);
    Q_EMIT sweepFinished(total, total);
}

} // namespace pikv::ui
