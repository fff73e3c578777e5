// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/resultsio.h"
#include "ui/charts/chartpanel.h"
#include "ui/export/savefile.h"
#include "ui/export/tableclipboard.h"
#include "ui/models/dumpfilter.h"
#include "ui/models/specstore.h"
#include "ui/panels/calibrationpanel.h"
#include "ui/panels/paramform.h"
#include "ui/panels/resultspanel.h"
#include "ui/window/mainwindow.h"
#include "ui/window/recentfiles.h"
#include <QActionGroup>
#include <QDockWidget>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenuBar>
#include <QMessageBox>
#include <QStatusBar>

namespace pikv::ui {
namespace {

template <typename Receiver, typename Slot>
QAction* addEntry(
    QMenu* menu, const QString& text, const char* name, const QKeySequence& keys, Receiver* receiver, Slot slot)
{
    QAction* action = menu->addAction(text, receiver, slot);
    action->setObjectName(QLatin1String(name));
    action->setShortcut(keys);
    return action;
}

} // namespace

void MainWindow::createFileMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&File"));
    addEntry(menu, tr("&Open…"), "actionOpen", QKeySequence::Open, this, &MainWindow::chooseDump);
    QMenu* recent = menu->addMenu(tr("Open &recent"));
    recent->setObjectName(QStringLiteral("menuRecent"));
    recent->setToolTipsVisible(true);
    m_recent = new RecentFiles(recent, this);
    connect(m_recent, &RecentFiles::chosen, this, &MainWindow::openDump);
    addEntry(menu, tr("Re&load"), "actionReload", QKeySequence(Qt::Key_F5), this, &MainWindow::reloadDump);
    addEntry(menu, tr("&Capture a text…"), "actionCapture", QKeySequence(Qt::CTRL | Qt::Key_T), this,
        [this] { leaveDump([this] { captureText(); }); });
    menu->addSeparator();
    addEntry(menu, tr("Save &dump…"), "actionSaveDump", QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_D), this,
        &MainWindow::saveDump);
    addEntry(
        menu, tr("&Save compressed cache…"), "actionCompress", QKeySequence::Save, this, &MainWindow::chooseCompressed);
    addEntry(menu, tr("E&xport chart…"), "actionExportChart", QKeySequence(Qt::CTRL | Qt::Key_E), this,
        [this] { currentChart()->exportChart(); });
    addEntry(menu, tr("Export &table…"), "actionExportTable", QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_E), this,
        &MainWindow::exportTable);
    menu->addSeparator();
    addEntry(menu, tr("&Quit"), "actionQuit", QKeySequence(Qt::CTRL | Qt::Key_Q), this, &QWidget::close);
}

void MainWindow::createEditMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&Edit"));
    QAction* undo = m_undo.createUndoAction(this, tr("&Undo"));
    undo->setObjectName(QStringLiteral("actionUndo"));
    undo->setShortcut(QKeySequence::Undo);
    QAction* redo = m_undo.createRedoAction(this, tr("&Redo"));
    redo->setObjectName(QStringLiteral("actionRedo"));
    redo->setShortcut(QKeySequence::Redo);
    menu->addActions({ undo, redo });
    menu->addSeparator();
    addEntry(menu, tr("&Copy chart"), "actionCopyChart", QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_C), this,
        [this] { currentChart()->copyImage(); });
    addEntry(menu, tr("Copy &table"), "actionCopyTable", QKeySequence(Qt::CTRL | Qt::ALT | Qt::Key_C), this,
        &MainWindow::copyTable);
    menu->addSeparator();
    addEntry(menu, tr("Copy &settings"), "actionCopySettings", QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_S), m_form,
        &ParamForm::copySettings);
    addEntry(menu, tr("&Paste settings"), "actionPasteSettings", QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_V), m_form,
        &ParamForm::pasteSettings);
    addEntry(menu, tr("Reset &method"), "actionResetMethod", QKeySequence(Qt::CTRL | Qt::Key_0), m_form,
        &ParamForm::resetAll);
}

void MainWindow::createRunMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&Run"));
    addEntry(menu, tr("&Sweep the checked methods"), "actionSweep", QKeySequence(Qt::CTRL | Qt::Key_R), this,
        &MainWindow::runSweep);
    addEntry(menu, tr("&Default comparison"), "actionDefaultComparison", QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_R),
        this, &MainWindow::runDefaultComparison);
    addEntry(menu, tr("&Cancel"), "actionCancel", QKeySequence(Qt::Key_Escape), this, &MainWindow::cancelWork);
    menu->addSeparator();
    addEntry(menu, tr("Learn a s&hared calibration…"), "actionCalibrate", QKeySequence(), this, [this] {
        m_calibration->setMethod(m_form->method());
        m_calibrationDock->show();
        m_calibrationDock->raise();
    });
    QAction* accept = menu->addAction(tr("Leave &NaN and infinity out"));
    accept->setObjectName(QStringLiteral("actionAcceptNonFinite"));
    accept->setCheckable(true);
    accept->setStatusTip(
        tr("Evaluate dumps that hold NaN or infinity; those elements are counted and left out of every figure"));
    connect(accept, &QAction::triggered, this, [this](bool on) {
        m_engine.setAcceptNonFinite(on);
        evaluateAnew();
    });
    connect(&m_engine, &Engine::dumpOpened, accept, [accept] { accept->setChecked(false); });
}

void MainWindow::createViewMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&View"));
    const auto docks = findChildren<QDockWidget*>(QString(), Qt::FindDirectChildrenOnly);
    for (QDockWidget* dock : docks) {
        menu->addAction(dock->toggleViewAction());
        connect(dock->toggleViewAction(), &QAction::triggered, dock, [dock](bool on) {
            if (on)
                dock->raise(); // it may open behind another one's tab
        });
    }
    menu->addSeparator();
    QMenu* themes = menu->addMenu(tr("&Theme"));
    m_themes = new QActionGroup(this);
    for (const auto& [mode, text] : { std::pair(ThemeMode::System, tr("&System")),
             std::pair(ThemeMode::Light, tr("&Light")), std::pair(ThemeMode::Dark, tr("&Dark")) }) {
        QAction* action = themes->addAction(text);
        action->setObjectName(QStringLiteral("actionTheme_") + themeName(mode));
        action->setCheckable(true);
        action->setData(int(mode));
        m_themes->addAction(action);
    }
    connect(m_themes, &QActionGroup::triggered, this, [this](QAction* action) {
        m_theme = ThemeMode(action->data().toInt());
        applyTheme(m_theme);
    });
    menu->addSeparator();
    addEntry(menu, tr("&Reset layout"), "actionResetLayout", QKeySequence(), this, &MainWindow::resetLayout);
}

void MainWindow::createHelpMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&Help"));
    addEntry(menu, tr("&About PiKV Explorer"), "actionAbout", QKeySequence(), this, &MainWindow::showAbout);
}

void MainWindow::chooseDump()
{
    const QString path = QFileDialog::getOpenFileName(this, tr("Open KV-cache dump"), m_recent->folder(), dumpFilter());
    if (!path.isEmpty())
        openDump(path);
}

void MainWindow::chooseCompressed()
{
    const QString method = m_form->method();
    if (!m_engine.info() || method.isEmpty()) {
        noteProblem({ ErrorKind::Usage, "There is nothing to save yet: open a dump and choose a method in the list" });
        return;
    }
    const QString path = askSaveFile(this, tr("Save the cache compressed by %1").arg(method),
        QFileInfo(QString::fromStdString(m_engine.info()->path)).completeBaseName() + QLatin1Char('-') + method
            + QStringLiteral(".pikv"),
        tr("Compressed caches (*.pikv)"), QStringLiteral("pikv"));
    if (!path.isEmpty())
        m_engine.compressTo(m_specs->spec(method), path);
}

void MainWindow::exportTable()
{
    const QString path = askSaveFile(
        this, tr("Export the results"), QStringLiteral("results.csv"), tr("CSV tables (*.csv)"), QStringLiteral("csv"));
    if (path.isEmpty())
        return;
    try {
        writeFileAtomic(path.toStdString(), resultsToCsv(m_resultsPanel->visibleResults()));
        statusBar()->showMessage(tr("Wrote %1").arg(path));
    } catch (...) {
        noteProblem(currentProblem());
    }
}

void MainWindow::copyTable()
{
    copyResultsCsv(m_resultsPanel->visibleResults());
    statusBar()->showMessage(tr("Copied the results as CSV"));
}

void MainWindow::showAbout()
{
    QMessageBox box(this);
    box.setObjectName(QStringLiteral("aboutBox"));
    box.setWindowTitle(tr("About PiKV Explorer"));
    box.setText(
        tr("<b>PiKV Explorer %1</b><p>Explore KV-cache compression on your own dumps: real stored bytes against "
           "reconstruction and attention error.</p><p>%2</p><p>Licence: GPL-3.0-or-later</p>")
            .arg(QStringLiteral(PIKV_VERSION), QString::fromStdString(engineDescription())));
    box.exec();
}

} // namespace pikv::ui
