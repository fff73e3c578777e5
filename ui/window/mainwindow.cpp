// SPDX-License-Identifier: GPL-3.0-or-later
// Wiring, and nothing else: each connection is from a command or a signal of the session to the part that answers it.
#include "ui/window/mainwindow.h"
#include "history/history.h"
#include "ui/charts/chartpanel.h"
#include "ui/nexttoken/nexttokenpanel.h"
#include "ui/panels/dumpmeanspanel.h"
#include "ui/panels/paramform.h"
#include "ui/panels/resultspanel.h"
#include "ui/panels/statusline.h"
#include "ui/session/session.h"
#include "ui/session/sessionfile.h"
#include "ui/window/actions.h"
#include "ui/window/charttabs.h"
#include "ui/window/docks.h"
#include "ui/window/filechangedbar.h"
#include "ui/window/filecommands.h"
#include "ui/window/filedrop.h"
#include "ui/window/helpboxes.h"
#include "ui/window/historycommands.h"
#include "ui/window/mappingcommands.h"
#include "ui/window/menus.h"
#include "ui/window/modelcommands.h"
#include "ui/window/noticebar.h"
#include "ui/window/sessionfiles.h"
#include "ui/window/sweepcommands.h"
#include "ui/window/unsavedguard.h"
#include "ui/window/windowsettings.h"
#include <QCloseEvent>
#include <QFileInfo>
#include <QLabel>
#include <QLocale>
#include <QScreen>
#include <QStatusBar>
#include <QVBoxLayout>

namespace pikv::ui {
namespace {

constexpr QSize firstSize(1360, 860), frame(16, 48); ///< the desktop's frame around a window, at most

} // namespace

MainWindow::MainWindow(std::shared_ptr<history::History> history, QWidget* parent)
    : QMainWindow(parent)
    , m_session(new Session(history, this))
    , m_actions(new Actions(m_session->undoStack(), this))
    , m_menus(new Menus(m_actions, this))
{
    // The program speaks English: its numbers do, too, in boxes, tables and on axes alike.
    QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
    setLocale(QLocale());
    setObjectName(QStringLiteral("mainWindow"));
    setWindowTitle(tr("PiKV Explorer"));
    createCentre();
    m_history = new HistoryCommands(history.get(), m_session, this);
    m_docks = new Docks(m_session, this);
    m_files = new FileCommands(m_session, m_docks->results(), m_menus->recentFiles(), this);
    m_models
        = new ModelCommands(m_session, m_files, m_menus->installedModels(), (*m_actions)[Actions::ModelState], this);
    m_guard = new UnsavedGuard(m_session, m_files, this);
    m_mapping = new MappingCommands(m_session, m_guard, this);
    m_sweeps = new SweepCommands(m_session, m_docks, (*m_actions)[Actions::PauseQueue], this);
    m_menus->addViews(m_docks, m_charts);
    createStatusBar();
    connectSession();
    connectFileMenu();
    connectRunMenu();
    connectOtherMenus();
    resize(firstSize.boundedTo(screen()->availableSize() - frame));
    m_settings = new WindowSettings(m_session, m_docks, m_charts, m_menus, this);
    m_settings->restore();
    connectSessionFiles();
    statusBar()->showMessage(tr("Open a KV-cache dump to begin"));
}

MainWindow::~MainWindow() = default;

void MainWindow::createCentre()
{
    auto* centre = new QWidget(this);
    centre->setObjectName(QStringLiteral("centre"));
    m_changed = new FileChangedBar(centre);
    m_charts = new ChartTabs(m_session, centre);
    auto* layout = new QVBoxLayout(centre);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_changed);
    layout->addWidget(m_charts, 1);
    setCentralWidget(centre);
    connect(m_charts, &ChartTabs::exported, this,
        [this](const QString& path) { statusBar()->showMessage(tr("Wrote %1").arg(path)); });
    connect(m_charts, &ChartTabs::exportFailed, m_session, [this](const QString& message) {
        m_session->report({ ErrorKind::Resource, message.toStdString() });
    });
}

void MainWindow::createStatusBar()
{
    m_status = new StatusLine(this);
    statusBar()->addPermanentWidget(m_status);
    statusBar()->addPermanentWidget(m_models->nameLabel());
    connect(m_session->engine(), &Engine::busyChanged, m_status, &StatusLine::setBusy);
    connect(m_session->engine(), &Engine::progressChanged, m_status, &StatusLine::setProgress);
    connect(m_status, &StatusLine::cancelRequested, m_session, &Session::cancelWork);
    const auto say = [this](const QString& line) { statusBar()->showMessage(line); };
    connect(m_session, &Session::said, statusBar(), say);
    connect(m_files, &FileCommands::said, statusBar(), say);
}

void MainWindow::connectSession()
{
    connect(m_session, &Session::dumpOpened, this, [this] {
        m_changed->watch(m_session->dumpPath());
        showTitle();
        statusBar()->showMessage(m_session->capture()->isUnsaved()
                ? tr("Captured. File → Save dump… keeps it.")
                : tr("Opened %1").arg(QFileInfo(m_session->dumpPath()).fileName()));
    });
    connect(m_session, &Session::dumpFailed, this, [this](const QString& path) {
        statusBar()->showMessage(tr("Could not open %1").arg(QFileInfo(path).fileName()));
    });
    connect(m_session->capture(), &UnsavedCapture::changed, this, &MainWindow::showTitle);
    connect(m_session, &Session::acceptNonFiniteChanged, (*m_actions)[Actions::AcceptNonFinite], &QAction::setChecked);
    connect(
        m_session, &Session::timedSeveralTimesChanged, (*m_actions)[Actions::TimeSeveralTimes], &QAction::setChecked);
    connect(m_changed, &FileChangedBar::reloadRequested, this, &MainWindow::reloadDump);
    connect(new FileDrop(this), &FileDrop::dropped, this, &MainWindow::openDump);
    connect(m_charts->nextToken(), &NextTokenPanel::openModelRequested, m_models, &ModelCommands::openFile);
    connect(m_charts->nextToken(), &NextTokenPanel::captureRequested, this, &MainWindow::captureText);
}

void MainWindow::connectFileMenu()
{
    const Actions& on = *m_actions;
    on.connectTo(Actions::Open, m_files, &FileCommands::openDump);
    connect(m_files, &FileCommands::dumpChosen, this, &MainWindow::openDump);
    on.connectTo(Actions::Reload, this, &MainWindow::reloadDump);
    on.connectTo(Actions::MapTensors, m_mapping, &MappingCommands::mapTensors);
    connect(m_docks, &Docks::mappingRequested, m_mapping, &MappingCommands::mapOpenDump);
    qobject_cast<QBoxLayout*>(centralWidget()->layout())->insertWidget(1, m_mapping->bar());
    on.connectTo(Actions::Capture, this, &MainWindow::captureText);
    on.connectTo(Actions::CaptureTexts, this, [this] { m_guard->leaveDump([this] { m_models->captureTexts(); }); });
    connect(m_models, &ModelCommands::dumpsCaptured, m_sweeps, &SweepCommands::openAndEditSweep);
    connect(m_models, &ModelCommands::saveWanted, m_files, &FileCommands::saveDump);
    on.connectTo(Actions::SaveDump, m_files, &FileCommands::saveDump);
    on.connectTo(Actions::Compress, this, [this] { m_files->saveCompressed(m_docks->form()->method()); });
    on.connectTo(Actions::ExportChart, this, [this] { m_charts->current()->exportChart(); });
    on.connectTo(Actions::ExportTable, m_files, &FileCommands::exportTable);
    connect(m_docks->means(), &DumpMeansPanel::exportRequested, m_files,
        [this] { m_files->exportMeans([this] { return m_docks->means()->csv(); }); });
    on.connectTo(Actions::ExportReport, m_files, &FileCommands::exportReport);
    on.connectTo(Actions::History, m_history, &HistoryCommands::show);
    connect(m_history, &HistoryCommands::settingsChosen, m_docks->form(), &ParamForm::adopt);
    on.connectTo(Actions::Quit, this, &QWidget::close);
}

void MainWindow::connectSessionFiles()
{
    m_sessions = new SessionFiles(m_session, m_settings, this);
    m_actions->connectTo(Actions::SaveSession, m_sessions, &SessionFiles::saveAs);
    m_actions->connectTo(Actions::OpenSession, m_sessions, &SessionFiles::choose);
    connect(m_sessions, &SessionFiles::chosen, this, &MainWindow::openDump);
    connect(
        m_sessions, &SessionFiles::said, statusBar(), [this](const QString& line) { statusBar()->showMessage(line); });
}

void MainWindow::connectRunMenu()
{
    const Actions& on = *m_actions;
    on.connectTo(Actions::Sweep, m_session, &Session::runSweep);
    on.connectTo(Actions::EditSweep, m_sweeps, &SweepCommands::editSweep);
    on.connectTo(Actions::EvaluateOver, m_sweeps, &SweepCommands::evaluateOver);
    on.connectTo(Actions::DefaultComparison, m_session, &Session::runDefaultComparison);
    on.connectTo(Actions::LikeForLike, m_sweeps, &SweepCommands::likeForLike);
    on.connectTo(Actions::Presets, m_sweeps, &SweepCommands::showPresets);
    connect(m_docks->form(), &ParamForm::presetPasted, m_sweeps, &SweepCommands::pastePreset);
    qobject_cast<QBoxLayout*>(centralWidget()->layout())->insertWidget(1, m_sweeps->bar());
    on.connectTo(Actions::Cancel, m_session, &Session::cancelWork);
    on.connectTo(Actions::Calibrate, m_docks, &Docks::showCalibration);
    on.connectTo(Actions::AcceptNonFinite, m_session, &Session::setAcceptNonFinite);
    on.connectTo(Actions::TimeSeveralTimes, m_session, &Session::setTimedSeveralTimes);
}

void MainWindow::connectOtherMenus()
{
    const Actions& on = *m_actions;
    on.connectTo(Actions::CopyChart, this, [this] { m_charts->current()->copyImage(); });
    on.connectTo(Actions::CopyTable, m_files, &FileCommands::copyTable);
    on.connectTo(Actions::CopySettings, m_docks->form(), &ParamForm::copySettings);
    on.connectTo(Actions::PasteSettings, m_docks->form(), &ParamForm::pasteSettings);
    on.connectTo(Actions::ResetMethod, m_docks->form(), &ParamForm::resetAll);
    on.connectTo(Actions::FilterResults, this, [this] {
        m_docks->showResults();
        m_docks->results()->focusFilter();
    });
    on.connectTo(Actions::OpenDefaultModel, m_models, &ModelCommands::openDefault);
    on.connectTo(Actions::OpenModelFile, m_models, &ModelCommands::openFile);
    on.connectTo(Actions::OpenModelFolder, m_models, &ModelCommands::openFolder);
    connect(m_menus, &Menus::modelsWanted, m_models, &ModelCommands::refresh);
    on.connectTo(Actions::ResetLayout, this, [this] { m_settings->resetLayout(); });
    on.connectTo(Actions::Shortcuts, this, [this] { showShortcuts(*m_actions, this); });
    on.connectTo(Actions::About, this, [this] { showAbout(this); });
}

void MainWindow::showTitle()
{
    const QString path = m_session->dumpPath().isEmpty() ? m_session->capture()->savedAs() : m_session->dumpPath();
    const QString name = path.isEmpty() ? tr("captured text, not saved") : QFileInfo(path).fileName();
    setWindowTitle(tr("%1 – PiKV Explorer").arg(name));
}

void MainWindow::openDump(const QString& path)
{
    m_guard->leaveDump([this, path] {
        if (SessionFile::isOne(path))
            m_sessions->load(path);
        else
            m_session->openDump(path);
    });
}

void MainWindow::resume(const QString& otherwise) { m_sessions->resume(otherwise); }

void MainWindow::reloadDump()
{
    if (const QString path = m_session->dumpPath(); !path.isEmpty())
        openDump(path);
}

void MainWindow::captureText()
{
    m_guard->leaveDump([this] { m_models->captureText(); });
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    if (m_session->capture()->isUnsaved()) {
        event->ignore();
        m_guard->leaveDump([this] {
            m_session->capture()->discard();
            close();
        });
        return;
    }
    m_settings->save();
    m_session->engine()->cancel();
    event->accept();
}

} // namespace pikv::ui
