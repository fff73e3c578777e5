// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/comparisonpanel.h"
#include "ui/charts/layerspanel.h"
#include "ui/charts/tradeoffpanel.h"
#include "ui/charts/trainingpanel.h"
#include "ui/nexttoken/nexttokenpanel.h"
#include "ui/panels/calibrationpanel.h"
#include "ui/panels/dumppanel.h"
#include "ui/panels/methodspanel.h"
#include "ui/panels/paramform.h"
#include "ui/panels/problemspanel.h"
#include "ui/panels/resultspanel.h"
#include "ui/panels/statusline.h"
#include "ui/window/filechangedbar.h"
#include "ui/window/mainwindow.h"
#include <QDockWidget>
#include <QScrollArea>
#include <QStatusBar>
#include <QTabBar>
#include <QTabWidget>
#include <QVBoxLayout>

namespace pikv::ui {

void MainWindow::createCentre()
{
    auto* centre = new QWidget(this);
    centre->setObjectName(QStringLiteral("centre"));
    m_changed = new FileChangedBar(centre);
    m_tabs = new QTabWidget(centre);
    m_tabs->setObjectName(QStringLiteral("chartTabs"));
    m_tabs->setAccessibleName(tr("Charts"));
    m_tabs->setDocumentMode(true);
    auto* layout = new QVBoxLayout(centre);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_changed);
    layout->addWidget(m_tabs, 1);
    setCentralWidget(centre);

    const auto addChart = [this](ChartPanel* panel, const char* name, const QString& title) {
        panel->setObjectName(QLatin1String(name)); // the key of its choices in the settings
        m_tabs->addTab(panel, title);
        m_charts.append(panel);
        connect(panel, &ChartPanel::exported, this,
            [this](const QString& path) { statusBar()->showMessage(tr("Wrote %1").arg(path)); });
        connect(panel, &ChartPanel::exportFailed, this, [this](const QString& message) {
            noteProblem({ ErrorKind::Resource, message.toStdString() });
        });
    };
    addChart(new TradeoffPanel(m_results, m_selection, m_tabs), "tradeoffPanel", tr("&Trade-off"));
    addChart(new ComparisonPanel(m_results, m_selection, m_tabs), "comparisonPanel", tr("&Comparison"));
    auto* nextToken = new NextTokenPanel(m_nextToken, m_tabs);
    addChart(nextToken, "nextTokenPanel", tr("&Next token"));
    addChart(new LayersPanel(m_results, m_selection, m_tabs), "layersPanel", tr("&Layers"));
    addChart(new TrainingPanel(m_training, m_tabs), "trainingPanel", tr("Trainin&g"));
    connect(nextToken, &NextTokenPanel::openModelRequested, this,
        [this] { findChild<QAction*>(QStringLiteral("actionOpenModelFile"))->trigger(); });
    connect(nextToken, &NextTokenPanel::captureRequested, this, [this] { leaveDump([this] { captureText(); }); });
}

QDockWidget* MainWindow::addDock(const QString& title, const char* name, QWidget* content, Qt::DockWidgetArea area)
{
    auto* dock = new QDockWidget(title, this);
    dock->setObjectName(QLatin1String(name));
    dock->setWidget(content);
    addDockWidget(area, dock);
    return dock;
}

void MainWindow::createDocks()
{
    setCorner(Qt::BottomLeftCorner, Qt::LeftDockWidgetArea);
    m_dump = new DumpPanel(this);
    m_methodsPanel = new MethodsPanel(m_methods, this);
    m_form = new ParamForm(m_specs, &m_undo, this);
    m_resultsPanel = new ResultsPanel(m_results, m_selection, this);
    auto* dumpArea = new QScrollArea(this); // so that a low window can shrink the dock
    dumpArea->setObjectName(QStringLiteral("dumpArea"));
    dumpArea->setWidget(m_dump);
    dumpArea->setWidgetResizable(true);
    dumpArea->setFrameShape(QFrame::NoFrame);
    dumpArea->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    dumpArea->setFocusPolicy(Qt::NoFocus);
    QDockWidget* dump = addDock(tr("Dump"), "dumpDock", dumpArea, Qt::LeftDockWidgetArea);
    QDockWidget* methods = addDock(tr("Methods"), "methodsDock", m_methodsPanel, Qt::LeftDockWidgetArea);
    QDockWidget* form = addDock(tr("Parameters"), "parametersDock", m_form, Qt::LeftDockWidgetArea);
    QDockWidget* results = addDock(tr("Results"), "resultsDock", m_resultsPanel, Qt::BottomDockWidgetArea);
    m_problemsDock
        = addDock(tr("Problems"), "problemsDock", new ProblemsPanel(m_problems, this), Qt::BottomDockWidgetArea);
    m_calibration = new CalibrationPanel(m_specs, &m_undo, this);
    m_calibrationDock = addDock(tr("Calibration"), "calibrationDock", m_calibration, Qt::BottomDockWidgetArea);
    tabifyDockWidget(results, m_problemsDock);
    tabifyDockWidget(results, m_calibrationDock);
    results->raise();
    m_problemsDock->hide();
    m_calibrationDock->hide();
    for (QTabBar* bar :
        findChildren<QTabBar*>(QString(), Qt::FindDirectChildrenOnly)) { // Qt's own, for docks that share a place
        bar->setObjectName(QStringLiteral("dockTabs"));
        bar->setAccessibleName(tr("Panels"));
    }
    const int wide = fontMetrics().averageCharWidth() * 58;
    resizeDocks({ dump, methods, form }, { wide, wide, wide }, Qt::Horizontal);
    const int facts = m_dump->sizeHint().height() + 2 * fontMetrics().height();
    resizeDocks({ dump, methods, form }, { facts, 310, 310 }, Qt::Vertical);
    resizeDocks({ results }, { 230 }, Qt::Vertical);

    m_status = new StatusLine(this);
    statusBar()->addPermanentWidget(m_status);
}

ChartPanel* MainWindow::currentChart() const { return m_charts.value(m_tabs->currentIndex()); }

} // namespace pikv::ui
