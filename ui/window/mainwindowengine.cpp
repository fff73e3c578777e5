// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/registry.h"
#include "ui/charts/chartpanel.h"
#include "ui/engine/modelengine.h"
#include "ui/models/counted.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/paramlimits.h"
#include "ui/models/problemsmodel.h"
#include "ui/models/resultsmodel.h"
#include "ui/models/specstore.h"
#include "ui/models/trainingrun.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/panels/calibrationpanel.h"
#include "ui/panels/dumppanel.h"
#include "ui/panels/methodspanel.h"
#include "ui/panels/paramform.h"
#include "ui/panels/resultspanel.h"
#include "ui/panels/statusline.h"
#include "ui/window/filechangedbar.h"
#include "ui/window/mainwindow.h"
#include "ui/window/recentfiles.h"
#include <QDockWidget>
#include <QFileInfo>
#include <QLocale>
#include <QStatusBar>

namespace pikv::ui {

void MainWindow::connectEngine()
{
    connect(&m_engine, &Engine::dumpOpened, this, &MainWindow::noteDump);
    connect(&m_engine, &Engine::dumpFailed, this, [this](const QString& path) {
        m_recent->remove(path);
        statusBar()->showMessage(tr("Could not open %1").arg(QFileInfo(path).fileName()));
    });
    connect(&m_engine, &Engine::resultReady, this, &MainWindow::noteResult);
    connect(&m_engine, &Engine::problem, this, &MainWindow::noteProblem);
    connect(&m_engine, &Engine::liveFailed, this, [this](const QString& id) {
        m_results->setStale(id, false); // no newer one is to come
        noteLiveDone(id);
    });
    connect(&m_engine, &Engine::cancelled, this, [this] {
        for (const QString& id : m_methods->checkedMethods())
            if (m_engine.latestLive(id) == 0)
                m_results->setStale(id, false);
    });
    connect(&m_engine, &Engine::busyChanged, m_status, &StatusLine::setBusy);
    connect(&m_engine, &Engine::trained, m_training, &TrainingRun::add);
    connect(&m_engine, &Engine::progressChanged, m_status, &StatusLine::setProgress);
    connect(&m_engine, &Engine::fileSaved, this, [this](const QString& path, quint64 bytes) {
        statusBar()->showMessage(tr("Wrote %1, %2 bytes").arg(path, QLocale().toString(bytes)));
    });
    connect(m_calibration, &CalibrationPanel::learnRequested, &m_engine, &Engine::calibrate);
    connect(m_calibration, &CalibrationPanel::sharedCachesChanged, this, [this](int caches) {
        m_engine.setSharedCaches(caches);
        if (m_engine.info())
            evaluateAnew();
    });
    connect(&m_engine, &Engine::busyChanged, m_calibration, &CalibrationPanel::setBusy);
    connect(&m_engine, &Engine::calibrated, m_calibration, &CalibrationPanel::showLearned);
    connect(&m_engine, &Engine::calibrated, this, [this](const QString&, const QString& path, quint64 bytes) {
        statusBar()->showMessage(tr("Wrote %1, %2 bytes").arg(path, QLocale().toString(bytes)));
    });
    connect(&m_engine, &Engine::sweepFinished, this, [this](int done, int total) {
        statusBar()->showMessage(done == total
                ? tr("Sweep finished: %1").arg(counted(total, tr("point"), tr("points")))
                : tr("Sweep cancelled after %1 of %2")
                      .arg(QString::number(done), counted(total, tr("point"), tr("points"))));
    });
    connect(m_status, &StatusLine::cancelRequested, this, &MainWindow::cancelWork);
    connect(m_changed, &FileChangedBar::reloadRequested, this, &MainWindow::reloadDump);
}

void MainWindow::connectPanels()
{
    connect(m_methods, &MethodsModel::checkedChanged, this, &MainWindow::noteChecked);
    connect(m_methodsPanel, &MethodsPanel::currentMethodChanged, m_form, &ParamForm::setMethod);
    connect(m_form, &ParamForm::methodRequested, m_methodsPanel, &MethodsPanel::setCurrentMethod);
    connect(m_form, &ParamForm::refused, this, [this](const QString& message) {
        noteProblem({ ErrorKind::Usage, message.toStdString() });
    });
    connect(m_resultsPanel, &ResultsPanel::settingsChosen, m_form, &ParamForm::adopt);
    connect(m_specs, &SpecStore::specChanged, this, [this](const QString& id) {
        m_methodsPanel->setCurrentMethod(id); // an undo shows what it changed
        if (m_methods->checkedMethods().contains(id))
            requestLive(id);
        else
            m_methods->itemFromIndex(m_methods->indexOf(id))->setCheckState(Qt::Checked);
    });
    connect(m_dump, &DumpPanel::importanceChanged, this, [this](const ImportanceSpec& spec) {
        m_engine.setImportance(spec);
        evaluateAnew();
    });
    for (auto signal : { &QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved })
        connect(m_problems, signal, this, &MainWindow::showProblemCount);
}

void MainWindow::noteDump()
{
    const CacheInfo& info = *m_engine.info();
    m_selection->clear();
    m_results->clear();
    m_training->clear();
    m_dump->showDump(&info);
    m_form->setCache(info);
    m_calibration->setOpenDump(QString::fromStdString(info.path));
    setReadiness(Readiness::Open);
    const QString path = QString::fromStdString(info.path);
    m_changed->watch(path);
    if (!path.isEmpty())
        m_recent->add(path);
    const QString name = path.isEmpty() ? tr("captured text, not saved") : QFileInfo(path).fileName();
    showTitle(name);
    m_unsavedCapture = path.isEmpty();
    m_savingCapture = false;
    statusBar()->showMessage(path.isEmpty() ? tr("Captured. File → Save dump… keeps it.") : tr("Opened %1").arg(name));
    evaluateAnew();
}

/// The settings that all results share have changed: what is on screen stays, marked stale, until its successor is
/// there; the sweep starts over.
void MainWindow::evaluateAnew()
{
    QList<int> swept;
    for (int row = 0; row < m_results->resultCount(); ++row)
        if (!m_results->row(row).current)
            swept << row;
    m_results->removeRowsAt(swept);
    m_sweepAfterOpen = true;
    requestAllLive();
}

void MainWindow::reloadDump()
{
    if (m_engine.info() && !m_engine.info()->path.empty())
        openDump(QString::fromStdString(m_engine.info()->path));
}

void MainWindow::cancelWork()
{
    m_sweepAfterOpen = false;
    m_models->cancel();
    m_nextToken->cancel();
    m_engine.cancel();
}

void MainWindow::requestAllLive()
{
    const QStringList checked = m_methods->checkedMethods();
    m_awaited = QSet<QString>(checked.begin(), checked.end());
    for (const QString& id : checked)
        requestLive(id);
}

void MainWindow::requestLive(const QString& methodId)
{
    if (!m_engine.info())
        return;
    m_results->setStale(methodId, true);
    Q_EMIT liveRequested(m_engine.requestLive(m_specs->spec(methodId)));
    m_nextToken->requestMethod(methodId);
}

void MainWindow::noteResult(const ResultPtr& result, quint64 id, bool live)
{
    const QString method = QString::fromStdString(result->method.id);
    m_results->put(live ? withNextToken(result) : result, live);
    if (live && m_nextToken->isScoring(method))
        m_results->setStale(method, true);
    if (live && id != m_engine.latestLive(method))
        m_results->setStale(method, true); // on its way: the form has moved on meanwhile
    if (live && result->preview) {
        Q_EMIT resultEntered(id, true);
        return;
    }
    for (const std::string& warning : result->warnings)
        m_problems->addWarning(QString::fromStdString(warning));
    if (!live)
        return;
    Q_EMIT resultEntered(id, false);
    noteLiveDone(method);
}

void MainWindow::noteLiveDone(const QString& methodId)
{
    if (!m_awaited.remove(methodId) || !m_awaited.isEmpty())
        return;
    Q_EMIT firstChartComplete();
    if (std::exchange(m_sweepAfterOpen, false))
        runSweep();
}

void MainWindow::runSweep()
{
    for (const QString& id : m_methods->checkedMethods())
        sweepMethod(id);
}

void MainWindow::sweepMethod(const QString& methodId)
{
    const MethodInfo& method = Registry::instance().get(methodId.toStdString());
    if (method.sweep.empty() || !m_engine.info())
        return;
    std::vector<MethodSpec> points = expandSpec(method.id + ":" + method.sweep);
    // The default sweep is made for long caches: points beyond a short one's bounds are no problem of the user's.
    std::erase_if(points, [this](const MethodSpec& point) { return !fitsCache(point, *m_engine.info()); });
    m_engine.requestSweep(points);
}

void MainWindow::runDefaultComparison()
{
    QStringList ids;
    for (const MethodInfo& method : Registry::instance().methods())
        if (method.checkedByDefault)
            ids << QString::fromStdString(method.id);
    m_methods->setCheckedMethods(ids);
    runSweep();
}

void MainWindow::noteChecked(const QString& methodId, bool checked)
{
    m_nextToken->setChecked();
    if (checked) {
        requestLive(methodId);
        if (!m_sweepAfterOpen)
            sweepMethod(methodId);
        return;
    }
    m_engine.dropMethod(methodId);
    m_results->removeMethod(methodId);
    noteLiveDone(methodId);
}

void MainWindow::noteProblem(const Problem& problem)
{
    m_afterSave = {}; // it may be the saving that failed
    m_problems->add(problem);
    if (m_engine.info())
        setReadiness(Readiness::Failed);
    m_problemsDock->show();
    m_problemsDock->raise();
}

void MainWindow::showProblemCount()
{
    const int errors = m_problems->errorCount();
    m_problemsDock->setWindowTitle(errors > 0 ? tr("Problems (%1)").arg(errors) : tr("Problems"));
    if (errors == 0 && m_engine.info())
        setReadiness(Readiness::Open);
}

void MainWindow::setReadiness(Readiness readiness)
{
    for (ChartPanel* panel : std::as_const(m_charts))
        panel->setReadiness(readiness);
}

} // namespace pikv::ui
