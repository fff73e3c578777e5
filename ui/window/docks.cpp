// SPDX-License-Identifier: GPL-3.0-or-later
// Dump, methods and parameters one above the other on the left; results, queue, problems and calibration behind each
// other below the charts.
#include "ui/window/docks.h"
#include "ui/models/dumpmeansmodel.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/problemsmodel.h"
#include "ui/panels/calibrationpanel.h"
#include "ui/panels/dumpmeanspanel.h"
#include "ui/panels/dumppanel.h"
#include "ui/panels/methodspanel.h"
#include "ui/panels/paramform.h"
#include "ui/panels/problemspanel.h"
#include "ui/panels/queuepanel.h"
#include "ui/panels/resultspanel.h"
#include "ui/session/session.h"
#include "ui/session/sweeps.h"
#include <QDockWidget>
#include <QMainWindow>
#include <QScrollArea>
#include <QTabBar>

namespace pikv::ui {
namespace {

constexpr int sideLetters = 58, methodsHeight = 310, resultsHeight = 230;

void bringUp(QDockWidget* dock)
{
    dock->show();
    dock->raise();
}

} // namespace

Docks::Docks(Session* session, QMainWindow* window)
    : QObject(window)
    , m_session(session)
    , m_window(window)
{
    createSide();
    createBelow();
    arrange();
    connectPanels();
    connectCalibration();
}

QDockWidget* Docks::add(const QString& title, const char* name, QWidget* content, Qt::DockWidgetArea area)
{
    auto* dock = new QDockWidget(title, m_window);
    dock->setObjectName(QLatin1String(name));
    dock->setWidget(content);
    m_window->addDockWidget(area, dock);
    connect(dock->toggleViewAction(), &QAction::triggered, dock, [dock](bool on) {
        if (on)
            dock->raise(); // it may open behind another one's tab
    });
    m_docks.append(dock);
    return dock;
}

void Docks::createSide()
{
    m_window->setCorner(Qt::BottomLeftCorner, Qt::LeftDockWidgetArea);
    m_dump = new DumpPanel(m_window);
    m_methods = new MethodsPanel(m_session->methods(), m_window);
    m_form = new ParamForm(m_session->specs(), m_session->undoStack(), m_window);
    auto* dumpArea = new QScrollArea(m_window); // so that a low window can shrink the dock
    dumpArea->setObjectName(QStringLiteral("dumpArea"));
    dumpArea->setWidget(m_dump);
    dumpArea->setWidgetResizable(true);
    dumpArea->setFrameShape(QFrame::NoFrame);
    dumpArea->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    dumpArea->setFocusPolicy(Qt::NoFocus);
    add(tr("Dump"), "dumpDock", dumpArea, Qt::LeftDockWidgetArea);
    add(tr("Methods"), "methodsDock", m_methods, Qt::LeftDockWidgetArea);
    add(tr("Parameters"), "parametersDock", m_form, Qt::LeftDockWidgetArea);
}

void Docks::createBelow()
{
    m_results = new ResultsPanel(m_session->results(), m_session->selection(), m_window);
    m_resultsDock = add(tr("Results"), "resultsDock", m_results, Qt::BottomDockWidgetArea);
    m_queue = new QueuePanel(m_session->engine()->tasks(), m_session->engine()->sweeps(), m_window);
    m_queueDock = add(tr("Queue"), "queueDock", m_queue, Qt::BottomDockWidgetArea);
    m_means = new DumpMeansPanel(m_session->means(), m_window);
    m_meansDock = add(tr("Means over dumps"), "dumpMeansDock", m_means, Qt::BottomDockWidgetArea);
    m_problemsDock = add(
        tr("Problems"), "problemsDock", new ProblemsPanel(m_session->problems(), m_window), Qt::BottomDockWidgetArea);
    m_calibration = new CalibrationPanel(m_session->specs(), m_session->undoStack(), m_window);
    m_calibrationDock = add(tr("Calibration"), "calibrationDock", m_calibration, Qt::BottomDockWidgetArea);
    m_window->tabifyDockWidget(m_resultsDock, m_queueDock);
    m_window->tabifyDockWidget(m_resultsDock, m_meansDock);
    m_window->tabifyDockWidget(m_resultsDock, m_problemsDock);
    m_window->tabifyDockWidget(m_resultsDock, m_calibrationDock);
    m_resultsDock->raise();
    m_meansDock->hide();
    m_problemsDock->hide();
    m_calibrationDock->hide();
    // Qt's own, for docks that share a place.
    for (QTabBar* bar : m_window->findChildren<QTabBar*>(QString(), Qt::FindDirectChildrenOnly)) {
        bar->setObjectName(QStringLiteral("dockTabs"));
        bar->setAccessibleName(tr("Panels"));
    }
}

void Docks::arrange()
{
    const QList<QDockWidget*> side = m_docks.mid(0, 3);
    const int wide = m_window->fontMetrics().averageCharWidth() * sideLetters;
    m_window->resizeDocks(side, { wide, wide, wide }, Qt::Horizontal);
    const int facts = m_dump->sizeHint().height() + 2 * m_window->fontMetrics().height();
    m_window->resizeDocks(side, { facts, methodsHeight, methodsHeight }, Qt::Vertical);
    m_window->resizeDocks({ m_resultsDock }, { resultsHeight }, Qt::Vertical);
}

void Docks::connectPanels()
{
    connect(m_session, &Session::dumpOpened, this, [this] {
        m_dump->showDump(m_session->info());
        m_form->setCache(*m_session->info());
        m_calibration->setOpenDump(m_session->dumpPath());
    });
    connect(m_dump, &DumpPanel::toldChanged, m_session, &Session::tellDump);
    connect(m_dump, &DumpPanel::mappingRequested, this, &Docks::mappingRequested);
    connect(m_session, &Session::dumpFailed, m_dump, [this] { m_dump->showDump(m_session->info()); }); // as it is
    connect(m_dump, &DumpPanel::importanceChanged, m_session, &Session::chooseImportance);
    connect(m_session, &Session::importanceChanged, m_dump, [this] { m_dump->setImportance(m_session->importance()); });
    connect(m_methods, &MethodsPanel::currentMethodChanged, m_form, &ParamForm::setMethod);
    connect(m_form, &ParamForm::methodRequested, m_methods, &MethodsPanel::setCurrentMethod);
    connect(m_session, &Session::methodEdited, m_methods, &MethodsPanel::setCurrentMethod);
    connect(m_form, &ParamForm::refused, m_session, [this](const QString& message) {
        m_session->report({ ErrorKind::Usage, message.toStdString() });
    });
    connect(m_results, &ResultsPanel::settingsChosen, m_form, &ParamForm::adopt);
    connect(m_results, &ResultsPanel::removeRequested, m_session, &Session::removeResults);
    connect(m_session, &Session::problemReported, m_problemsDock, [this] { bringUp(m_problemsDock); });
    connect(m_queue, &QueuePanel::runAgainRequested, m_session->sweeps(), &Sweeps::runAgain);
    connect(m_queue, &QueuePanel::activeChanged, m_queueDock,
        [this](int count) { m_queueDock->setWindowTitle(count > 0 ? tr("Queue (%1)").arg(count) : tr("Queue")); });
    connect(m_session->means(), &QAbstractItemModel::modelReset, m_meansDock, [this] {
        if (!m_session->means()->isEmpty() && !m_meansDock->isVisible() && !m_hasMeans)
            m_meansDock->show(); // behind the others: it is found by its tab
        m_hasMeans = !m_session->means()->isEmpty();
    });
    for (auto signal : { &QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved })
        connect(m_session->problems(), signal, this, &Docks::noteProblems);
}

void Docks::connectCalibration()
{
    Engine* engine = m_session->engine();
    connect(m_calibration, &CalibrationPanel::learnRequested, engine, &Engine::calibrate);
    connect(m_calibration, &CalibrationPanel::sharedCachesChanged, m_session, &Session::setSharedCaches);
    connect(engine, &Engine::busyChanged, m_calibration, &CalibrationPanel::setBusy);
    connect(engine, &Engine::calibrated, m_calibration, &CalibrationPanel::showLearned);
}

QList<QAction*> Docks::toggles() const
{
    QList<QAction*> actions;
    for (const QDockWidget* dock : m_docks)
        actions << dock->toggleViewAction();
    return actions;
}

void Docks::showCalibration()
{
    m_calibration->setMethod(m_form->method());
    bringUp(m_calibrationDock);
}

void Docks::showResults() { bringUp(m_resultsDock); }

void Docks::showQueue() { bringUp(m_queueDock); }

void Docks::noteProblems()
{
    const int errors = m_session->problems()->errorCount();
    m_problemsDock->setWindowTitle(errors > 0 ? tr("Problems (%1)").arg(errors) : tr("Problems"));
    if (m_session->problems()->rowCount() == 0 && m_problemsDock->isVisible())
        m_resultsDock->raise(); // solved: back to the work
}

void Docks::hideEmptyProblems()
{
    if (m_session->problems()->rowCount() == 0)
        m_problemsDock->hide();
}

} // namespace pikv::ui
