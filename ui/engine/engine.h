// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include "ui/models/resultsmodel.h"
#include <QCache>
#include <QHash>
#include <QObject>
#include <QThread>
#include <memory>
#include <vector>

namespace pikv::ui {

class EngineQueue;

/// The window's side of the engine thread, which owns all LibTorch work. Nothing here blocks; answers come as signals
/// on the GUI thread. Requests carry a growing id, the latest of a method wins, an answer that was overtaken is dropped.
class Engine : public QObject {
    Q_OBJECT
public:
    explicit Engine(QObject* parent = nullptr);
    /// Asks the running job to stop and waits for the thread.
    ~Engine() override;

    CachePtr cache() const { return m_cache; }
    const CacheInfo* info() const { return m_cache ? &cacheInfo(*m_cache) : nullptr; }
    const ImportanceSpec& importance() const { return m_importance; }
    bool isBusy() const { return m_busy; }

    /// Reads the dump's header in the engine thread; everything else that waits is dropped.
    void openDump(const QString& path);
    void setImportance(const ImportanceSpec& importance);
    /// NaN and infinity in the dump: refused (default) or left out of every figure.
    void setAcceptNonFinite(bool accept);
    bool acceptsNonFinite() const { return m_acceptNonFinite; }
    /// Evaluates a method at the form's parameters: a preview from a few layers first, then the full result. Overtakes
    /// sweeps and earlier requests for the same method. Returns the request's id.
    quint64 requestLive(const MethodSpec& method);
    void dropLive(const QString& methodId);
    /// Appends points to the sweep, which runs while nothing live waits.
    void requestSweep(const std::vector<MethodSpec>& points);
    /// Writes the compressed cache to `path`.
    void compressTo(const MethodSpec& method, const QString& path);
    /// Stops the running job and forgets every waiting one.
    void cancel();

Q_SIGNALS:
    void dumpOpened();
    void dumpFailed(const QString& path);
    /// `live`: the form's point, else a point of a sweep.
    void resultReady(pikv::ui::ResultPtr result, quint64 id, bool live);
    void problem(const pikv::Problem& problem);
    void progressChanged(const QString& stage, int done, int total);
    void busyChanged(bool busy);
    void sweepFinished(int done, int total);
    void cancelled();
    void fileSaved(const QString& path, quint64 bytes);

private:
    friend class EngineQueue;
    QString keyOf(const MethodSpec& method) const;
    EvaluationRequest requestFor(const MethodSpec& method) const;
    void deliver(const ResultPtr& result, quint64 id, bool live, quint64 epoch);
    void reportFailure(const Problem& problem, quint64 id, bool live, quint64 epoch, const QString& methodId);
    void finishSweepPoint();
    void setBusy(bool busy);

    QThread m_thread;
    std::unique_ptr<EngineQueue> m_queue;
    CachePtr m_cache;
    ImportanceSpec m_importance;
    bool m_acceptNonFinite = false;
    bool m_busy = false;
    quint64 m_lastId = 0;
    quint64 m_epoch = 0; ///< grows when dump, importance or policy change: older answers no longer count
    QHash<QString, quint64> m_latest; ///< id of each method's latest live request
    int m_sweepDone = 0, m_sweepTotal = 0;
    QCache<QString, ResultPtr> m_recent { 256 };
};

} // namespace pikv::ui

Q_DECLARE_METATYPE(pikv::ui::ResultPtr)
Q_DECLARE_METATYPE(pikv::Problem)
