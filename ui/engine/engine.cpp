// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/engine/engine.h"
#include "core/dumps/dumps.h"
#include "core/eval/calibrate.h"
#include "ui/engine/enginequeue.h"
#include <QThread>
#include <utility>

namespace pikv::ui {
namespace {

constexpr int closingPatience = 2000; ///< ms
bool workLeftBehind = false;

} // namespace

Engine::Engine(QObject* parent)
    : QObject(parent)
    , m_thread(new QThread)
    , m_queue(new EngineQueue)
{
    qRegisterMetaType<pikv::ui::ResultPtr>();
    qRegisterMetaType<pikv::Problem>();
    m_thread->setObjectName(QStringLiteral("pikv-engine"));
    m_queue->moveToThread(m_thread);
    connect(m_thread, &QThread::started, m_queue, [] { initEngine(0); });
    connect(m_queue, &EngineQueue::rested, m_queue, &releaseMemory); // what is kept for the next request
    connect(m_thread, &QThread::finished, m_queue, &EngineQueue::stopResting);
    connect(m_queue, &EngineQueue::answered, this, [](const std::function<void()>& call) { call(); });
    connect(m_queue, &EngineQueue::progressed, this, &Engine::showProgress);
    connect(m_queue, &EngineQueue::trained, this, &Engine::trained);
    connect(m_queue, &EngineQueue::started, this, [this] { setBusy(true); });
    connect(m_queue, &EngineQueue::idle, this, [this] { setBusy(false); });
    connect(m_queue, &EngineQueue::stopped, this, &Engine::cancelled, Qt::QueuedConnection);
    m_thread->start();
}

Engine::~Engine()
{
    m_queue->shutDown();
    m_thread->quit();
    if (!m_thread->wait(closingPatience)) {
        workLeftBehind = true;
        return;
    }
    delete m_queue;
    delete m_thread;
}

bool Engine::leftWorkBehind() { return workLeftBehind; }

void Engine::setBusy(bool busy)
{
    if (m_busy == busy)
        return;
    m_busy = busy;
    Q_EMIT busyChanged(busy);
}

void Engine::openDump(const QString& path)
{
    const quint64 openId = ++m_openId;
    const auto open = [this, queue = m_queue, path, openId](const JobControl&) {
        try {
            const CachePtr cache = openCache(path.toStdString());
            releaseMemory(); // what the dump before it took
            queue->answer([this, cache, openId] {
                if (openId == m_openId)
                    takeDump(cache);
            });
        } catch (...) {
            queue->answer([this, failure = currentProblem(), path] {
                Q_EMIT problem(failure);
                Q_EMIT dumpFailed(path);
            });
        }
    };
    m_queue->push({ EngineQueue::Task, {}, tr("Opening"), open });
}

void Engine::adoptDump(const CachePtr& cache)
{
    ++m_openId; // a file that is being opened no longer counts
    takeDump(cache);
}

void Engine::takeDump(const CachePtr& cache)
{
    dropWork();
    m_cache = cache;
    m_acceptNonFinite = false;
    m_recent.clear();
    Q_EMIT dumpOpened();
}

void Engine::setImportance(const ImportanceSpec& importance)
{
    if (importance == m_importance)
        return;
    dropWork();
    m_importance = importance;
}

void Engine::setAcceptNonFinite(bool accept)
{
    if (accept == m_acceptNonFinite)
        return;
    dropWork();
    m_acceptNonFinite = accept;
}

void Engine::setSharedCaches(int caches)
{
    if (caches == m_sharedCaches)
        return;
    dropWork();
    m_sharedCaches = caches;
}

/// Forgets all requests without a word: the settings that they belong to are no longer wanted.
void Engine::dropWork()
{
    ++m_epoch;
    m_latest.clear();
    m_shown.clear();
    m_sweepPoints.clear();
    m_sweepTotal = 0;
    m_queue->dropDumpWork();
}

void Engine::cancel()
{
    const int total = std::exchange(m_sweepTotal, 0), done = total - int(m_sweepPoints.size());
    m_sweepPoints.clear();
    m_latest.clear();
    ++m_openId;
    if (total > 0)
        Q_EMIT sweepFinished(done, total);
    m_queue->dropAll();
}

void Engine::dropMethod(const QString& methodId)
{
    m_latest.remove(methodId);
    m_queue->dropLive(methodId.toStdString());
    m_queue->dropSweep(methodId.toStdString());
    const QStringList waiting = m_sweepPoints.keys(methodId);
    for (const QString& key : waiting)
        finishSweepPoint(key, m_epoch);
}

void Engine::showProgress(int urgency, const QString& label, const QString& stage, int done, int total)
{
    if (urgency != EngineQueue::Sweep)
        Q_EMIT progressChanged(stage.isEmpty() ? label : label + QStringLiteral(": ") + stage.toLower(), done, total);
    else if (m_sweepTotal > 0) // its points, not the layers of each: a bar that starts over and over tells nothing
        Q_EMIT progressChanged(
            tr("Sweep: %1, point").arg(label), m_sweepTotal - int(m_sweepPoints.size()) + 1, m_sweepTotal);
}

void Engine::compressTo(const MethodSpec& method, const QString& path)
{
    if (!m_cache)
        return;
    pushTask(tr("Saving"), [this, request = requestFor(method), path](const JobControl& control) {
        const quint64 bytes = compressFile(request, path.toStdString(), control);
        return [this, path, bytes] { Q_EMIT fileSaved(path, bytes); };
    });
}

void Engine::calibrate(const MethodSpec& method, const QStringList& dumps, const QString& path)
{
    pushTask(tr("Learning"), [this, method, dumps, path, importance = m_importance](const JobControl& control) {
        CalibrationRequest request { {}, method, importance };
        for (const QString& dump : dumps)
            request.caches.push_back(openCache(dump.toStdString()));
        const quint64 bytes = calibrateFile(request, path.toStdString(), control);
        return [this, id = QString::fromStdString(method.id), path, bytes] { Q_EMIT calibrated(id, path, bytes); };
    });
}

/// `work` runs in the engine thread; what it returns runs in the GUI's.
void Engine::pushTask(const QString& label, std::function<std::function<void()>(const JobControl&)> work)
{
    m_queue->push(
        { EngineQueue::Task, {}, label, [this, queue = m_queue, work = std::move(work)](const JobControl& control) {
             try {
                 queue->answer(work(control));
             } catch (...) {
                 const Problem failure = currentProblem();
                 if (failure.kind != ErrorKind::Cancelled)
                     queue->answer([this, failure] { Q_EMIT problem(failure); });
             }
         } });
}

void Engine::saveDump(const QString& path)
{
    if (!m_cache)
        return;
    pushTask(tr("Saving"), [this, cache = m_cache, path](const JobControl& control) {
        std::function<void()> answer;
        try {
            saveCache(*cache, path.toStdString(), control);
            answer = [this, path] { Q_EMIT dumpSaved(path); };
        } catch (...) {
            answer = [this, failure = currentProblem()] {
                if (failure.kind != ErrorKind::Cancelled)
                    Q_EMIT problem(failure);
                Q_EMIT dumpNotSaved();
            };
        }
        return answer;
    });
}

} // namespace pikv::ui
