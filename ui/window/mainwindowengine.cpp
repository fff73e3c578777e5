// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/registry.h"
#include "ui/engine/trace.h"
#include "ui/models/counted.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/problemsmodel.h"
#include "ui/models/resultsmodel.h"
#include "ui/models/specstore.h"
#include "ui/panels/dumppanel.h"
#include "ui/panels/methodspanel.h"
#include "ui/panels/paramform.h"
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
        statusBar()->showMessage(tr("Could not open %1").arg(path));
        if (m_engine.info())
            requestAllLive(); // the earlier dump is still open, its waiting work was dropped
    });
    connect(&m_engine, &Engine::resultReady, this, &MainWindow::noteResult);
    connect(&m_engine, &Engine::problem, this, &MainWindow::noteProblem);
    connect(&m_engine, &Engine::busyChanged, m_status, &StatusLine::setBusy);
    connect(&m_engine, &Engine::progressChanged, m_status, &StatusLine::setProgress);
    connect(&m_engine, &Engine::fileSaved, this, [this](const QString& path, quint64 bytes) {
        statusBar()->showMessage(tr("Wrote %1, %2 bytes").arg(path, QLocale().toString(bytes)));
    });
    connect(&m_engine, &Engine::sweepFinished, this, [this](int done, int total) {
        statusBar()->showMessage(done == total
                ? tr("Sweep finished: %1").arg(counted(total, tr("point"), tr("points")))
                : tr("Sweep cancelled after %1 of %2").arg(QString::number(done), counted(total, tr("point"), tr("points"))));
    });
    connect(m_status, &StatusLine::cancelRequested, &m_engine, &Engine::cancel);
    connect(m_changed, &FileChangedBar::reloadRequested, this, [this] {
        if (m_engine.info())
            openDump(QString::fromStdString(m_engine.info()->path));
    });
}

void MainWindow::connectPanels()
{
    connect(m_methods, &MethodsModel::checkedChanged, this, &MainWindow::noteChecked);
    connect(m_methodsPanel, &MethodsPanel::currentMethodChanged, m_form, &ParamForm::setMethod);
    connect(m_form, &ParamForm::methodRequested, m_methodsPanel, &MethodsPanel::setCurrentMethod);
    connect(m_form, &ParamForm::refused, this,
        [this](const QString& message) { noteProblem({ ErrorKind::Usage, message.toStdString() }); });
    connect(m_specs, &SpecStore::specChanged, this, [this](const QString& id) {
        m_methodsPanel->setCurrentMethod(id); // an undo shows what it changed
        if (m_methods->checkedMethods().contains(id))
            requestLive(id);
        else
            m_methods->itemFromIndex(m_methods->indexOf(id))->setCheckState(Qt::Checked);
    });
    connect(m_dump, &DumpPanel::importanceChanged, this, [this](const ImportanceSpec& spec) {
        m_engine.cancel();
        m_engine.setImportance(spec);
        requestAllLive();
    });
}

void MainWindow::noteDump()
{
    const CacheInfo& info = *m_engine.info();
    m_selection->clear();
    m_results->clear();
    m_dump->showDump(&info);
    const QString path = QString::fromStdString(info.path);
    m_changed->watch(path);
    m_recent->add(path);
    setWindowTitle(tr("%1 – PiKV Explorer").arg(QFileInfo(path).fileName()));
    statusBar()->showMessage(tr("Opened %1: %2").arg(path, QString::fromStdString(info.shapeText())));
    m_sweepAfterOpen = true;
    requestAllLive();
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
}

void MainWindow::noteResult(const ResultPtr& result, quint64 id, bool live)
{
    m_results->put(result, live);
    const QString method = QString::fromStdString(result->method.id);
    if (live && result->preview) {
        m_results->setStale(method, false);
        trace::event("preview-shown", id);
        return;
    }
    for (const std::string& warning : result->warnings)
        m_problems->addWarning(QString::fromStdString(warning));
    if (!live)
        return;
    trace::event("full-shown", id);
    m_awaited.remove(method);
    if (!m_awaited.isEmpty())
        return;
    Q_EMIT firstChartComplete();
    if (std::exchange(m_sweepAfterOpen, false))
        runSweep();
}

void MainWindow::runSweep()
{
    std::vector<MethodSpec> points;
    for (const QString& id : m_methods->checkedMethods()) {
        const MethodInfo& method = Registry::instance().get(id.toStdString());
        if (method.sweep.empty())
            continue;
        for (MethodSpec& point : expandSpec(method.id + ":" + method.sweep))
            points.push_back(std::move(point));
    }
    m_engine.requestSweep(points);
}

void MainWindow::noteChecked(const QString& methodId, bool checked)
{
    if (checked) {
        requestLive(methodId);
        return;
    }
    m_engine.dropLive(methodId);
    m_awaited.remove(methodId);
    m_results->removeMethod(methodId);
}

void MainWindow::noteProblem(const Problem& problem)
{
    m_problems->add(problem);
    for (const QString& id : m_methods->checkedMethods())
        if (QString::fromStdString(problem.message).startsWith(id + QLatin1Char(':'))) {
            m_results->setStale(id, false);
            m_awaited.remove(id);
        }
    m_problemsDock->setWindowTitle(tr("Problems (%1)").arg(m_problems->errorCount()));
    m_problemsDock->show();
    m_problemsDock->raise();
}

} // namespace pikv::ui
