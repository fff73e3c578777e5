// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/window/mainwindow.h"
#include "ui/engine/modelengine.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/problemsmodel.h"
#include "ui/models/resultsmodel.h"
#include "ui/models/specstore.h"
#include "ui/models/trainingrun.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/window/filechangedbar.h"
#include <QApplication>
#include <QDropEvent>
#include <QFileInfo>
#include <QItemSelectionModel>
#include <QMimeData>
#include <QScreen>
#include <QStatusBar>

namespace pikv::ui {

MainWindow::MainWindow(QWidget* parent)
    : QMainWindow(parent)
    , m_specs(new SpecStore(this))
    , m_methods(new MethodsModel(this))
    , m_results(new ResultsModel(this))
    , m_problems(new ProblemsModel(this))
    , m_selection(new QItemSelectionModel(m_results, this))
    , m_training(new TrainingRun(this))
    , m_models(new ModelEngine(&m_engine, this))
    , m_nextToken(new NextTokenController(&m_engine, m_models, m_methods, m_specs, this))
{
    setObjectName(QStringLiteral("mainWindow"));
    setWindowTitle(tr("PiKV Explorer"));
    setAcceptDrops(true);
    qApp->installEventFilter(this);
    createCentre();
    createDocks();
    createFileMenu();
    createEditMenu();
    createRunMenu();
    connectModels();
    createModelMenu();
    createViewMenu();
    createHelpMenu();
    connectEngine();
    connectPanels();
    resize(QSize(1360, 860).boundedTo(screen()->availableSize()));
    m_defaultLayout = saveState();
    restoreSettings();
    statusBar()->showMessage(tr("Open a KV-cache dump to begin"));
}

MainWindow::~MainWindow() = default;

void MainWindow::showTitle(const QString& dump) { setWindowTitle(tr("%1 – PiKV Explorer").arg(dump)); }

void MainWindow::openDump(const QString& path)
{
    leaveDump([this, path] {
        statusBar()->showMessage(tr("Opening %1…").arg(QFileInfo(path).fileName()));
        m_engine.openDump(path);
    });
}

/// Files may be dropped anywhere: line edits would else take a file's address as text.
bool MainWindow::eventFilter(QObject* watched, QEvent* event)
{
    const bool drag = event->type() == QEvent::DragEnter || event->type() == QEvent::DragMove;
    if (!drag && event->type() != QEvent::Drop)
        return QMainWindow::eventFilter(watched, event);
    const auto* widget = qobject_cast<QWidget*>(watched);
    auto* drop = static_cast<QDropEvent*>(event); // the base of all three
    const QList<QUrl> urls = drop->mimeData()->urls();
    if (!widget || widget->window() != this || urls.isEmpty() || !urls.front().isLocalFile())
        return QMainWindow::eventFilter(watched, event);
    drop->acceptProposedAction();
    if (!drag)
        openDump(urls.front().toLocalFile());
    return true;
}

} // namespace pikv::ui
