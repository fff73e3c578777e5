// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/window/mainwindow.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/problemsmodel.h"
#include "ui/models/resultsmodel.h"
#include "ui/models/specstore.h"
#include "ui/window/filechangedbar.h"
#include <QCloseEvent>
#include <QDragEnterEvent>
#include <QItemSelectionModel>
#include <QMimeData>
#include <QStatusBar>

namespace pikv::ui {

MainWindow::MainWindow(QWidget* parent)
    : QMainWindow(parent)
    , m_specs(new SpecStore(this))
    , m_methods(new MethodsModel(this))
    , m_results(new ResultsModel(this))
    , m_problems(new ProblemsModel(this))
    , m_selection(new QItemSelectionModel(m_results, this))
{
    setObjectName(QStringLiteral("mainWindow"));
    setWindowTitle(tr("PiKV Explorer"));
    setAcceptDrops(true);
    createCentre();
    createDocks();
    createFileMenu();
    createEditMenu();
    createRunMenu();
    createViewMenu();
    createHelpMenu();
    connectEngine();
    connectPanels();
    resize(1360, 860);
    m_defaultLayout = saveState();
    restoreSettings();
    statusBar()->showMessage(tr("Open a KV-cache dump to begin"));
}

MainWindow::~MainWindow() = default;

void MainWindow::openDump(const QString& path)
{
    statusBar()->showMessage(tr("Opening %1…").arg(path));
    m_engine.openDump(path);
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    saveSettings();
    m_engine.cancel();
    event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event)
{
    const QList<QUrl> urls = event->mimeData()->urls();
    if (!urls.isEmpty() && urls.front().isLocalFile())
        event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event)
{
    const QList<QUrl> urls = event->mimeData()->urls();
    if (urls.isEmpty() || !urls.front().isLocalFile())
        return;
    event->acceptProposedAction();
    openDump(urls.front().toLocalFile());
}

} // namespace pikv::ui
