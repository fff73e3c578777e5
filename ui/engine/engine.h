// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include "ui/models/resultsmodel.h"
#include <QCache>
#include <QHash>
#include <QObject>
#include <functional>
#include <memory>
#include <vector>

class QThread;

namespace pikv::ui {

class EngineQueue;

/// The window's side of the engine thread, which owns all LibTorch work. Nothing here blocks; answers come as signals
/// on the GUI thread. Requests carry a growing id, the latest of a method wins: an answer older than what was shown
/// last is dropped.
class Engine : public QObject {
    Q_OBJECT
public:
    explicit Engine(QObject* parent = nullptr);
    /// Asks the running job to stop and waits for it, two seconds at most.
    ~Engine() override;
    /// An engine was destroyed while an operation that cannot be interrupted was running: the process must end without
    /// unloading what that operation uses (std::_Exit).
    static bool leftWorkBehind();

    CachePtr cache() const { return m_cache; }
    const CacheInfo* info() const { return m_cache ? &cacheInfo(*m_cache) : nullptr; }
    const ImportanceSpec& importance() const { return m_importance; }
    bool isBusy() const { return m_busy; }
    /// The engine thread's queue, for work on models; its answers arrive in the GUI thread while this engine lives.
    EngineQueue* queue() const { return m_queue; }

    /// Reads the dump's header in the engine thread. The dump that is open, and the work on it, stay until the new one
    /// is there; where it cannot be read they stay for good.
    void openDump(const QString& path);
    /// The same for a cache that is in memory.
    void adoptDump(const CachePtr& cache);
    /// Both drop all work that waits; what was computed before no longer arrives.
    void setImportance(const ImportanceSpec& importance);
    /// NaN and infinity in the dump: refused (default) or left out of every figure.
    void setAcceptNonFinite(bool accept);
    bool acceptsNonFinite() const { return m_acceptNonFinite; }
    /// Evaluates a method at the form's parameters: a preview from a few layers first, then the full result. Overtakes
    /// sweeps and earlier requests for the same method. Returns the request's id.
    quint64 requestLive(const MethodSpec& method);
    /// Id of the method's latest live request; 0 where none is wanted.
    quint64 latestLive(const QString& methodId) const { return m_latest.value(methodId); }
    /// Appends points to the sweep, which runs while nothing live waits. Points that wait already are not repeated.
    void requestSweep(const std::vector<MethodSpec>& points);
    /// Forgets all that waits or runs for a method.
    void dropMethod(const QString& methodId);
    /// Writes the open dump, as it is, to `path`.
    void saveDump(const QString& path);
    /// Writes the compressed cache to `path`.
    void compressTo(const MethodSpec& method, const QString& path);
    /// Learns what the method can learn ahead on these dumps and writes it to `path`; calibrated() follows.
    void calibrate(const MethodSpec& method, const QStringList& dumps, const QString& path);
    /// How many caches share a calibration's bytes in the amortised ratio; drops all work that waits.
    void setSharedCaches(int caches);
    /// Stops the running job and forgets every waiting one; cancelled() follows when nothing runs any more.
    void cancel();

Q_SIGNALS:
    void dumpOpened();
    void dumpFailed(const QString& path);
    /// `live`: the form's point, else a point of a sweep.
    void resultReady(pikv::ui::ResultPtr result, quint64 id, bool live);
    void liveFailed(const QString& methodId);
    void problem(const pikv::Problem& problem);
    void progressChanged(const QString& stage, int done, int total);
    /// A method trains, for the label "MiniLLM" or "Learning".
    void trained(const QString& label, const pikv::TrainingPoint& point);
    void busyChanged(bool busy);
    void sweepFinished(int done, int total);
    void cancelled();
    void fileSaved(const QString& path, quint64 bytes);
    /// The open dump is now that file, too.
    void dumpSaved(const QString& path);
    /// It is not, after a problem() that says why, or because the writing was cancelled.
    void dumpNotSaved();
    void calibrated(const QString& methodId, const QString& path, quint64 bytes);

private:
    QString keyOf(const MethodSpec& method) const;
    EvaluationRequest requestFor(const MethodSpec& method) const;
    std::function<void(const JobControl&)> liveJob(EvaluationRequest request, quint64 id);
    void pushSweepPoint(EvaluationRequest request);
    void takeDump(const CachePtr& cache);
    void deliver(const ResultPtr& result, quint64 id, bool live, quint64 epoch);
    void failLive(const Problem& problem, const QString& methodId, quint64 id, quint64 epoch);
    void finishSweepPoint(const QString& key, quint64 epoch);
    void dropWork();
    void pushTask(const QString& label, std::function<std::function<void()>(const JobControl&)> work);
    void showProgress(int urgency, const QString& label, const QString& stage, int done, int total);
    void setBusy(bool busy);

    // On the heap: they outlive the engine where an operation does not end in time.
    QThread* m_thread;
    EngineQueue* m_queue;
    CachePtr m_cache;
    ImportanceSpec m_importance;
    bool m_acceptNonFinite = false;
    bool m_busy = false;
    int m_sharedCaches = 1;
    quint64 m_lastId = 0, m_openId = 0;
    quint64 m_epoch = 0; ///< grows when dump, importance or policy change: older answers no longer count
    QHash<QString, quint64> m_latest, m_shown; ///< ids of each method's latest live request and live result
    QHash<QString, QString> m_sweepPoints; ///< key and method of the points that are still to come
    int m_sweepTotal = 0;
    QCache<QString, ResultPtr> m_recent { 512 };
};

} // namespace pikv::ui

Q_DECLARE_METATYPE(pikv::ui::ResultPtr)
Q_DECLARE_METATYPE(pikv::Problem)
