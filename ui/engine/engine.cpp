// SPDX-License-Identifier: GPL-3.0-or-later
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

ImportanceMemo& memo()
{
    static thread_local ImportanceMemo memo;
    return memo;
}

bool wasStopped(const Problem& problem) { return problem.kind == ErrorKind::Cancelled; }

} // namespace

Engine::Engine(QObject* parent)
    : QObject(parent)
    , m_queue(std::make_unique<EngineQueue>())
{
    qRegisterMetaType<pikv::ui::ResultPtr>();
    qRegisterMetaType<pikv::Problem>();
    m_thread.setObjectName(QStringLiteral("pikv-engine"));
    m_queue->moveToThread(&m_thread);
    connect(&m_thread, &QThread::started, m_queue.get(), [] { initEngine(0); });
    connect(m_queue.get(), &EngineQueue::progressed, this, &Engine::progressChanged);
    connect(m_queue.get(), &EngineQueue::started, this, [this] { setBusy(true); });
    connect(m_queue.get(), &EngineQueue::idle, this, [this] { setBusy(false); });
    m_thread.start();
}

Engine::~Engine()
{
    m_queue->shutDown();
    m_thread.quit();
    m_thread.wait();
}

void Engine::setBusy(bool busy)
{
    if (m_busy == busy)
        return;
    m_busy = busy;
    Q_EMIT busyChanged(busy);
}

QString Engine::keyOf(const MethodSpec& method) const
{
    return QStringLiteral("%1|%2|%3").arg(QString::fromStdString(printSpec(method)),
        QString::fromStdString(printImportance(m_importance)), m_acceptNonFinite ? "all" : "finite");
}

EvaluationRequest Engine::requestFor(const MethodSpec& method) const
{
    EvaluationRequest request;
    request.cache = m_cache;
    request.method = method;
    request.importance = m_importance;
    request.acceptNonFinite = m_acceptNonFinite;
    return request;
}

void Engine::openDump(const QString& path)
{
    cancel();
    ++m_epoch;
    const quint64 epoch = m_epoch;
    m_queue->push({ EngineQueue::Task, {}, [this, path, epoch](const JobControl&) {
        try {
            const CachePtr cache = openCache(path.toStdString());
            QMetaObject::invokeMethod(this, [this, cache, epoch] {
                if (epoch != m_epoch)
                    return;
                m_cache = cache;
                m_acceptNonFinite = false;
                m_recent.clear();
                Q_EMIT dumpOpened();
            });
        } catch (...) {
            const Problem failure = currentProblem();
            QMetaObject::invokeMethod(this, [this, failure, path] {
                Q_EMIT problem(failure);
                Q_EMIT dumpFailed(path);
            });
        }
    } });
}

void Engine::setImportance(const ImportanceSpec& importance)
{
    if (importance == m_importance)
        return;
    m_importance = importance;
    ++m_epoch;
}

void Engine::setAcceptNonFinite(bool accept)
{
    if (accept == m_acceptNonFinite)
        return;
    m_acceptNonFinite = accept;
    ++m_epoch;
}

quint64 Engine::requestLive(const MethodSpec& method)
{
    const quint64 id = ++m_lastId, epoch = m_epoch;
    m_latest[QString::fromStdString(method.id)] = id;
    if (!m_cache)
        return id;
    if (const ResultPtr* known = m_recent.object(keyOf(method))) {
        m_queue->dropMethod(method.id);
        const ResultPtr result = *known;
        QMetaObject::invokeMethod(
            this, [this, result, id, epoch] { deliver(result, id, true, epoch); }, Qt::QueuedConnection);
        return id;
    }
    const auto job = [this, id, epoch](EvaluationRequest request) {
        return [this, id, epoch, request = std::move(request)](const JobControl& control) mutable {
            try {
                memo().fill(request, control);
                const ResultPtr result = std::make_shared<EvaluationResult>(evaluate(request, control));
                QMetaObject::invokeMethod(this, [this, result, id, epoch] { deliver(result, id, true, epoch); });
            } catch (...) {
                const Problem failure = currentProblem();
                const QString method = QString::fromStdString(request.method.id);
                if (!wasStopped(failure))
                    QMetaObject::invokeMethod(
                        this, [=, this] { reportFailure(failure, id, true, epoch, method); });
            }
        };
    };
    EvaluationRequest full = requestFor(method), preview = full;
    preview.layers = layersOfPreview(*info());
    // The full job first: it stops what runs, and the preview overtakes it in the queue.
    m_queue->push({ EngineQueue::Full, method.id, job(std::move(full)) });
    if (!preview.layers.empty())
        m_queue->push({ EngineQueue::Preview, method.id, job(std::move(preview)) });
    return id;
}

void Engine::dropLive(const QString& methodId)
{
    m_latest.remove(methodId);
    m_queue->dropMethod(methodId.toStdString());
}

void Engine::deliver(const ResultPtr& result, quint64 id, bool live, quint64 epoch)
{
    if (epoch != m_epoch)
        return;
    if (!result->preview)
        m_recent.insert(keyOf(result->method), new ResultPtr(result));
    if (live && m_latest.value(QString::fromStdString(result->method.id)) != id)
        return;
    Q_EMIT resultReady(result, id, live);
}

void Engine::reportFailure(const Problem& failure, quint64 id, bool live, quint64 epoch, const QString& methodId)
{
    if (epoch != m_epoch || (live && m_latest.value(methodId) != id))
        return;
    m_queue->dropMethod(methodId.toStdString()); // the full run would say the same again
    Q_EMIT problem(failure);
}

void Engine::requestSweep(const std::vector<MethodSpec>& points)
{
    if (!m_cache)
        return;
    m_sweepTotal += int(points.size());
    const quint64 epoch = m_epoch;
    for (const MethodSpec& method : points) {
        const auto finish = [this, epoch] {
            QMetaObject::invokeMethod(this, [this, epoch] {
                if (epoch == m_epoch)
                    finishSweepPoint();
            });
        };
        if (const ResultPtr* known = m_recent.object(keyOf(method))) {
            const ResultPtr result = *known;
            QMetaObject::invokeMethod(
                this, [this, result, epoch] { deliver(result, 0, false, epoch); }, Qt::QueuedConnection);
            finish();
            continue;
        }
        m_queue->push({ EngineQueue::Sweep, {}, [this, request = requestFor(method), epoch, finish](const JobControl& control) mutable {
            try {
                memo().fill(request, control);
                const ResultPtr result = std::make_shared<EvaluationResult>(evaluate(request, control));
                QMetaObject::invokeMethod(this, [this, result, epoch] { deliver(result, 0, false, epoch); });
            } catch (...) {
                const Problem failure = currentProblem();
                if (wasStopped(failure))
                    return; // done again later, or dropped with its sweep
                QMetaObject::invokeMethod(this, [this, failure] { Q_EMIT problem(failure); });
            }
            finish();
        } });
    }
}

void Engine::finishSweepPoint()
{
    if (m_sweepTotal == 0)
        return;
    ++m_sweepDone;
    Q_EMIT progressChanged(tr("Sweep"), m_sweepDone, m_sweepTotal);
    if (m_sweepDone < m_sweepTotal)
        return;
    const int total = std::exchange(m_sweepTotal, 0);
    m_sweepDone = 0;
    Q_EMIT sweepFinished(total, total);
}

void Engine::compressTo(const MethodSpec& method, const QString& path)
{
    if (!m_cache)
        return;
    m_queue->push({ EngineQueue::Task, {}, [this, request = requestFor(method), path](const JobControl& control) {
        try {
            const quint64 bytes = compressFile(request, path.toStdString(), control);
            QMetaObject::invokeMethod(this, [this, path, bytes] { Q_EMIT fileSaved(path, bytes); });
        } catch (...) {
            const Problem failure = currentProblem();
            if (!wasStopped(failure))
                QMetaObject::invokeMethod(this, [this, failure] { Q_EMIT problem(failure); });
        }
    } });
}

void Engine::cancel()
{
    m_queue->dropAll();
    m_latest.clear();
    const int done = std::exchange(m_sweepDone, 0), total = std::exchange(m_sweepTotal, 0);
    // Behind the stopped job in the engine thread: when this answers, nothing runs any more.
    QMetaObject::invokeMethod(
        m_queue.get(), [this, done, total] {
            QMetaObject::invokeMethod(this, [this, done, total] {
                Q_EMIT cancelled();
                if (total > 0)
                    Q_EMIT sweepFinished(done, total);
            });
        },
        Qt::QueuedConnection);
}

} // namespace pikv::ui
