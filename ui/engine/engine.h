// SPDX-License-Identifier: GPL-3.0-or-later
// The engine thread as the window sees it.
#pragma once
#include "core/dumps/toldstore.h"
#include "core/formats/tensorlisting.h"
#include "ui/engine/dumpstudy.h"
#include "ui/engine/livepoints.h"
#include "ui/engine/sweepqueue.h"
#include "ui/engine/tasklist.h"
#include "ui/jobs/jobqueue.h"
#include <QObject>
#include <memory>
#include <vector>

namespace pikv::ui {

using ListingPtr = std::shared_ptr<const TensorListing>;

/// The window's side of the engine thread, which owns all LibTorch work: the open dump, its live points and sweep, and
/// the files that are read and written. Nothing here blocks; answers come as signals on the GUI thread.
class Engine : public QObject {
    Q_OBJECT
public:
    /// `store`: where results stay; used in the engine thread alone. Null: nowhere.
    explicit Engine(std::shared_ptr<ResultStore> store = nullptr, QObject* parent = nullptr);
    /// Asks the running job to stop and waits for it, two seconds at most.
    ~Engine() override;
    /// An engine was destroyed while an operation that cannot be interrupted was running: the process must end without
    /// unloading what that operation uses (std::_Exit).
    static bool leftWorkBehind();

    CachePtr cache() const { return m_study.cache(); }
    /// Null where no dump is open.
    const CacheInfo* info() const { return cache() ? &cacheInfo(*cache()) : nullptr; }
    const ImportanceSpec& importance() const { return m_study.settings().importance; }
    /// cacheFingerprint() of the open dump; "" where it is not known (yet).
    const std::string& fingerprint() const { return m_study.fingerprint(); }
    /// Keeps and looks up what is measured of the open dump; used in the engine thread.
    Recorder recorder() const { return m_study.recorder(Origin::Passed); }
    /// Null where no dump is open.
    const StudyPtr& study() const { return m_study.study(); }
    bool isBusy() const { return m_busy; }
    /// For objects that work through queue(): problem() follows.
    void report(const JobProblem& failure) { Q_EMIT problem(failure); }
    /// For work on models; its answers arrive in the GUI thread while this engine lives.
    JobQueue* queue() const { return m_queue; }

    /// Reads the dump's header in the engine thread; dumpOpened(), or problem() and dumpFailed(), follows. The dump
    /// that is open, and the work on it, stay until the new one is there; where it cannot be read they stay for good.
    /// What is told of it adds to what was told before, or replaces it, and is remembered.
    void openDump(const QString& path, const Told& told = {}, Telling how = Telling::Adds);
    /// Lists the file's tensors for a mapping; tensorsListed() or tensorsNotListed() follows.
    void listTensors(const QString& path);
    /// The same as openDump() for a cache that is in memory; dumpOpened() comes at once.
    void adoptDump(const CachePtr& cache);
    /// These drop all work on the dump; what was computed before no longer arrives.
    void setImportance(const ImportanceSpec& importance);
    /// NaN and infinity in the dump: refused (default) or left out of every figure.
    void setAcceptNonFinite(bool accept);
    /// Times that every full result is timed from now on, previews aside.
    void setRepeat(int times) { m_study.setRepeat(times); }

    /// Looks up what is stored of the open dump at the present settings; recalled() follows. It comes at once where
    /// there is nothing to look in, and where these settings were in use before, a second time with what has been
    /// stored since.
    void recall();
    /// Those of the stored results that were wanted for themselves, not passed with a slider; without layers.
    QList<ResultPtr> stored() const { return m_study.stored(); }
    /// What is known of a point without measuring it; null: nothing.
    ResultPtr known(const SweepPoint& point) const { return m_study.known(point); }
    /// How long evaluations of the open dump took.
    const std::shared_ptr<MeasuredTimes>& times() const { return m_study.times(); }
    /// Evaluates a method at the form's parameters; see LivePoints. Returns the request's id; 0 without a dump.
    quint64 requestLive(const MethodSpec& method);
    /// Id of the method's latest live request; 0 where none is wanted.
    quint64 latestLive(const QString& methodId) const { return m_live->latest(methodId); }
    SweepQueue* sweeps() const { return m_sweeps; }
    /// What runs and waits beside live points and sweeps.
    TaskList* tasks() const { return m_tasks; }
    /// Queues a sweep, behind live points whose full result a cancel() had kept from coming; see SweepQueue::request().
    void requestSweep(const SweepOrder& order);
    /// The same for points that go with the dump.
    void requestSweep(const std::vector<MethodSpec>& points);
    /// Forgets all that waits or runs for a method.
    void dropMethod(const QString& methodId);

    /// Writes the open dump, as it is, to `path`; dumpSaved() or dumpNotSaved() follows.
    void saveDump(const QString& path);
    /// Writes the compressed cache to `path`; fileSaved() or problem() follows.
    void compressTo(const MethodSpec& method, const QString& path);
    /// Learns what the method can learn ahead on these dumps and writes it to `path`; calibrated() or problem()
    /// follows.
    void calibrate(const MethodSpec& method, const QStringList& dumps, const QString& path);
    /// Stops the running job and forgets every waiting one; cancelled() follows when nothing runs any more.
    void cancel();

Q_SIGNALS:
    /// info() is the new dump's; nothing of the one before arrives any more.
    void dumpOpened();
    /// stored() is what the store has. Comes unasked, too, where a large dump's fingerprint is found.
    void recalled();
    /// After a problem() that says why.
    void dumpFailed(const QString& path);
    /// Before dumpOpened(): what is wrong beside the dump itself.
    void warned(const QString& message);
    void tensorsListed(const QString& path, const pikv::ui::ListingPtr& listing);
    void tensorsNotListed(const QString& path, const QString& reason);
    /// `live`: the form's point (`id` of its request), else a point of the sweep (0).
    void resultReady(const pikv::ui::ResultPtr& result, quint64 id, bool live);
    /// After a problem() that says why the method's latest live request came to nothing.
    void liveFailed(const QString& methodId);
    /// A job failed; its origin says which. Nothing comes for a cancelled one.
    void problem(const pikv::ui::JobProblem& problem);
    /// At most ten times a second. Of a sweep: its points, not the layers of each. `total` may be 0: unknown.
    void progressChanged(const QString& stage, int done, int total);
    /// A method trains, for the label "MiniLLM" or "Learning"; every step.
    void trained(const QString& label, const pikv::TrainingPoint& point);
    void busyChanged(bool busy);
    /// See SweepQueue::finished().
    void sweepFinished(int done, int total, int failed);
    /// What cancel() stopped has ended.
    void cancelled();
    void fileSaved(const QString& path, quint64 bytes);
    /// The open dump is now that file, too.
    void dumpSaved(const QString& path);
    /// It is not: after a problem() that says why, or because the writing was cancelled.
    void dumpNotSaved();
    void calibrated(const QString& methodId, const QString& path, quint64 bytes);

private:
    void connectQueue();
    struct Opened {
        OpenedDump dump;
        std::string fingerprint; ///< "" where finding it takes long
    };
    void takeDump(const Opened& opened);
    void seekFingerprint();
    void takeFingerprint(const std::string& fingerprint);
    void dropWork();
    void setSettings(const StudySettings& settings);
    void pushTask(JobOrigin origin, const QString& label, std::function<JobAnswer(const JobControl&)> work,
        JobAnswer onFailure = {});
    void showProgress(Urgency urgency, const QString& label, const QString& stage, int done, int total);
    void showBusy();

    JobQueue* m_queue;
    TaskList* m_tasks;
    DumpStudy m_study;
    LivePoints* m_live;
    SweepQueue* m_sweeps;
    Latest<Opened> m_open;
    Latest<ListingPtr> m_list;
    Latest<std::string> m_fingerprints;
    Latest<std::shared_ptr<const DumpStudy::Stored>> m_recalls;
    QString m_opening; ///< path of the dump that was asked for last
    bool m_working = false, m_busy = false; ///< a job runs; that, or points are to come
};

} // namespace pikv::ui

Q_DECLARE_METATYPE(pikv::ui::ResultPtr)
