// SPDX-License-Identifier: GPL-3.0-or-later
// Turns wishes of the window into jobs, and their answers into signals of the GUI thread.
#include "ui/engine/engine.h"
#include "core/dumps/dumps.h"
#include "core/eval/engine.h"
#include <utility>

namespace pikv::ui {
namespace {

constexpr int closingPatience = 2000; ///< ms
constexpr std::uint64_t quickBytes = std::uint64_t(64) << 20; ///< read in less time than anybody sees
bool workLeftBehind = false;

/// Keeps these, then finds all that is stored at the study's settings.
auto keepAndFind(const Recorder& recorder, const StudyPtr& study, const std::vector<ResultPtr>& unkept)
{
    return [recorder, study, unkept](const JobControl&) {
        for (const ResultPtr& result : unkept)
            recorder.keep(*study, *result);
        return std::make_shared<const DumpStudy::Stored>(
            DumpStudy::asStored(study->settings(), recorder.all(study->settings())));
    };
}

} // namespace

Engine::Engine(std::shared_ptr<ResultStore> store, QObject* parent)
    : QObject(parent)
    , m_queue(new JobQueue({ [] { initEngine(0); }, [] { releaseMemory(); } }, this))
    , m_tasks(new TaskList(m_queue, this))
    , m_study(std::move(store))
    , m_live(new LivePoints(m_queue, &m_study, this))
    , m_sweeps(new SweepQueue(m_queue, &m_study, this))
    , m_open(m_queue, JobKind::OpenDump,
          { [this](const std::string&, const Opened& opened, quint64) { takeDump(opened); },
              [this](const std::string&, const JobProblem& failure) {
                  if (failure.isCancel())
                      return;
                  Q_EMIT problem(failure);
                  Q_EMIT dumpFailed(m_opening);
              } })
    , m_list(m_queue, JobKind::ListTensors,
          { [this](const std::string& path, const ListingPtr& listing, quint64) {
               Q_EMIT tensorsListed(QString::fromStdString(path), listing);
           },
              [this](const std::string& path, const JobProblem& failure) {
                  if (!failure.isCancel())
                      Q_EMIT tensorsNotListed(QString::fromStdString(path), QString::fromStdString(failure.message));
              } })
    , m_fingerprints(m_queue, JobKind::Fingerprint,
          { [this](const std::string&, const std::string& fingerprint, quint64) { takeFingerprint(fingerprint); } })
    , m_recalls(m_queue, JobKind::Recall, { [this](const std::string&, const auto& found, quint64) {
        m_study.setStored(*found);
        Q_EMIT recalled();
    } })
{
    connectQueue();
    connect(m_live, &LivePoints::ready, this,
        [this](const ResultPtr& result, quint64 id) { Q_EMIT resultReady(result, id, true); });
    connect(m_live, &LivePoints::failed, this, [this](const QString& method, const JobProblem& failure) {
        Q_EMIT problem(failure);
        Q_EMIT liveFailed(method);
    });
    connect(
        m_sweeps, &SweepQueue::ready, this, [this](const ResultPtr& result) { Q_EMIT resultReady(result, 0, false); });
    connect(m_sweeps, &SweepQueue::failed, this, &Engine::problem);
    connect(m_sweeps, &SweepQueue::finished, this, &Engine::sweepFinished);
    connect(m_sweeps, &SweepQueue::stateChanged, this, &Engine::showBusy);
}

Engine::~Engine()
{
    if (!m_queue->shutDown(closingPatience))
        workLeftBehind = true;
}

bool Engine::leftWorkBehind() { return workLeftBehind; }

void Engine::connectQueue()
{
    connect(m_queue, &JobQueue::progressed, this, &Engine::showProgress);
    connect(m_queue, &JobQueue::trained, this, &Engine::trained);
    connect(m_queue, &JobQueue::started, this, [this] {
        m_working = true;
        showBusy();
    });
    connect(m_queue, &JobQueue::idle, this, [this] {
        m_working = false;
        showBusy();
    });
    connect(m_queue, &JobQueue::stopped, this, &Engine::cancelled);
}

/// Between two points of a sweep no job may run for a moment: that is no rest.
void Engine::showBusy()
{
    const bool busy = m_working || m_sweeps->isRunning();
    if (std::exchange(m_busy, busy) != busy)
        Q_EMIT busyChanged(busy);
}

void Engine::openDump(const QString& path, const Told& told, Telling how)
{
    m_opening = path;
    Latest<Opened>::Terms terms;
    terms.label = tr("Opening");
    terms.urgency = Urgency::Task;
    m_open.request({}, terms, [path, told, how, store = m_study.store()](const JobControl& control) {
        Opened opened { openTold(path.toStdString(), told, how, control), {} };
        const CachePtr& cache = opened.dump.cache;
        releaseMemory(); // what the dump before it took
        if (store && cacheInfo(*cache).referenceBytes() <= quickBytes)
            opened.fingerprint = fingerprintOf(*cache, store.get(), control);
        else if (store)
            opened.fingerprint = knownFingerprint(*cache, store.get());
        return opened;
    });
}

/// Behind the live points: it reads the whole dump.
void Engine::seekFingerprint()
{
    if (!m_study.store() || !cache() || !m_study.fingerprint().empty())
        return;
    Latest<std::string>::Terms terms;
    terms.label = tr("Fingerprint");
    terms.urgency = Urgency::Sweep;
    m_fingerprints.request({}, terms, [cache = cache(), store = m_study.store()](const JobControl& control) {
        return fingerprintOf(*cache, store.get(), control);
    });
}

/// What was measured meanwhile is kept, too.
void Engine::takeFingerprint(const std::string& fingerprint)
{
    const std::vector<ResultPtr> unkept = m_study.unkept();
    m_study.setFingerprint(fingerprint);
    m_recalls.request({}, { tr("Looking up"), Urgency::Task }, keepAndFind(recorder(), study(), unkept));
}

void Engine::recall()
{
    if (!recorder().works() || m_study.hasStored())
        Q_EMIT recalled();
    if (recorder().works())
        m_recalls.request({}, { tr("Looking up"), Urgency::Task }, keepAndFind(recorder(), study(), {}));
}

void Engine::listTensors(const QString& path)
{
    Latest<ListingPtr>::Terms terms;
    terms.label = tr("Listing tensors");
    terms.urgency = Urgency::Task;
    m_list.request(path.toStdString(), terms, [path](const JobControl&) -> ListingPtr {
        return std::make_shared<const TensorListing>(pikv::listTensors(path.toStdString()));
    });
}

void Engine::adoptDump(const CachePtr& cache)
{
    m_open.dropAll(); // a file that is being opened no longer counts
    takeDump({ { cache, false, {} }, {} });
}

void Engine::takeDump(const Opened& opened)
{
    for (const std::string& warning : opened.dump.warnings)
        Q_EMIT warned(QString::fromStdString(warning));
    m_sweeps->dropAll();
    dropWork();
    m_study.setCache(opened.dump.cache, opened.fingerprint);
    Q_EMIT dumpOpened();
    seekFingerprint();
}

void Engine::setImportance(const ImportanceSpec& importance)
{
    StudySettings settings = m_study.settings();
    settings.importance = importance;
    setSettings(settings);
}

void Engine::setAcceptNonFinite(bool accept)
{
    StudySettings settings = m_study.settings();
    settings.acceptNonFinite = accept;
    setSettings(settings);
}

void Engine::setSettings(const StudySettings& settings)
{
    if (settings == m_study.settings())
        return;
    m_sweeps->suspend();
    dropWork();
    m_study.setSettings(settings);
    seekFingerprint();
    m_sweeps->proceed();
}

/// Forgets all requests without a word: the settings that they belong to are no longer wanted.
void Engine::dropWork()
{
    m_live->dropAll();
    m_fingerprints.dropAll();
    m_recalls.dropAll();
    m_queue->dropDumpWork();
}

void Engine::cancel()
{
    m_open.dropAll();
    m_list.dropAll();
    m_live->cancel();
    m_sweeps->cancelAll();
    m_fingerprints.dropAll();
    m_recalls.dropAll();
    m_queue->dropAll();
}

quint64 Engine::requestLive(const MethodSpec& method) { return cache() ? m_live->request(method) : 0; }

void Engine::requestSweep(const SweepOrder& order)
{
    if (!cache())
        return;
    m_live->finish();
    m_sweeps->request(order);
}

void Engine::requestSweep(const std::vector<MethodSpec>& points)
{
    SweepOrder order;
    order.points = points;
    requestSweep(order);
}

void Engine::dropMethod(const QString& methodId)
{
    m_live->drop(methodId);
    m_sweeps->dropMethod(methodId);
}

void Engine::showProgress(Urgency urgency, const QString& label, const QString& stage, int done, int total)
{
    if (urgency != Urgency::Sweep)
        Q_EMIT progressChanged(stage.isEmpty() ? label : label + QStringLiteral(": ") + stage.toLower(), done, total);
    else if (m_sweeps->isRunning()) // points, not the layers of each: a bar that starts over and over tells nothing
        Q_EMIT progressChanged(tr("Sweep: %1, point").arg(label), m_sweeps->done() + 1, m_sweeps->total());
}

/// `work` runs in the engine thread; what it returns, or `onFailure`, runs in the GUI's.
void Engine::pushTask(
    JobOrigin origin, const QString& label, std::function<JobAnswer(const JobControl&)> work, JobAnswer onFailure)
{
    Job job;
    job.origin = std::move(origin);
    job.label = label;
    job.run = std::move(work);
    job.failed = [this, onFailure = std::move(onFailure)](const JobProblem& failure) {
        if (!failure.isCancel())
            Q_EMIT problem(failure);
        if (onFailure)
            onFailure();
    };
    m_queue->push(std::move(job));
}

void Engine::saveDump(const QString& path)
{
    if (!cache())
        return;
    pushTask(
        { JobKind::SaveDump, path.toStdString() }, tr("Saving"),
        [this, cache = cache(), path](const JobControl& control) -> JobAnswer {
            saveCache(*cache, path.toStdString(), control);
            return [this, path] { Q_EMIT dumpSaved(path); };
        },
        [this] { Q_EMIT dumpNotSaved(); });
}

void Engine::compressTo(const MethodSpec& method, const QString& path)
{
    if (!cache())
        return;
    pushTask({ JobKind::Compress, path.toStdString() }, tr("Saving"),
        [this, study = study(), method, path](const JobControl& control) -> JobAnswer {
            const quint64 bytes = study->compress(method, path.toStdString(), control);
            return [this, path, bytes] { Q_EMIT fileSaved(path, bytes); };
        });
}

void Engine::calibrate(const MethodSpec& method, const QStringList& dumps, const QString& path)
{
    pushTask({ JobKind::Calibrate, path.toStdString() }, tr("Learning"),
        [this, settings = m_study.settings(), method, dumps, path](const JobControl& control) -> JobAnswer {
            std::vector<CachePtr> caches;
            for (const QString& dump : dumps)
                caches.push_back(openTold(dump.toStdString(), {}, Telling::Adds, control).cache);
            const quint64 bytes = pikv::calibrate(method, caches, settings, path.toStdString(), control);
            return [this, id = QString::fromStdString(method.id), path, bytes] { Q_EMIT calibrated(id, path, bytes); };
        });
}

} // namespace pikv::ui
