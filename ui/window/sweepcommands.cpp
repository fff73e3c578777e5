// SPDX-License-Identifier: GPL-3.0-or-later
// Dialogs are made when they are asked for; what they decide is the session's to do.
#include "ui/window/sweepcommands.h"
#include "core/eval/problem.h"
#include "ui/models/counted.h"
#include "ui/models/dumpfilter.h"
#include "ui/panels/likeforlikedialog.h"
#include "ui/panels/presetsdialog.h"
#include "ui/panels/queuepanel.h"
#include "ui/panels/sweepeditor.h"
#include "ui/session/session.h"
#include "ui/session/sweeps.h"
#include "ui/window/docks.h"
#include "ui/window/noticebar.h"
#include <QAction>
#include <QFileDialog>
#include <QFileInfo>
#include <QPushButton>

namespace pikv::ui {

SweepCommands::SweepCommands(Session* session, Docks* docks, QAction* pause, QWidget* window)
    : QObject(window)
    , m_session(session)
    , m_docks(docks)
    , m_window(window)
    , m_bar(new NoticeBar(QStringLiteral("unfinished"), tr("Go o&n"), tr("Not no&w"), window))
{
    docks->queue()->setPauseAction(pause);
    connect(pause, &QAction::toggled, session->engine()->sweeps(), &SweepQueue::setPaused);
    connect(session->sweeps(), &Sweeps::interruptedFound, this, &SweepCommands::offer);
    connect(m_bar->action(), &QPushButton::clicked, this, [this] {
        m_bar->hide();
        m_session->sweeps()->runInterrupted();
    });
}

void SweepCommands::offer(int sweeps)
{
    m_bar->setText(tr("%1 of this dump came to no end the last time. What was measured is kept; the rest can go on.")
                       .arg(counted(sweeps, tr("sweep"), tr("sweeps"))));
    m_bar->setVisible(sweeps > 0);
}

void SweepCommands::editSweep()
{
    auto* editor = new SweepEditor(m_session->sweeps(), m_session->info(), m_session->importance(), m_window);
    editor->setAttribute(Qt::WA_DeleteOnClose);
    connect(editor, &QDialog::accepted, this, [this, editor] {
        m_session->runSweepOf(editor->choice(), editor->methods());
        m_docks->showQueue();
    });
    editor->open();
}

void SweepCommands::openAndEditSweep(const QStringList& dumps)
{
    const auto edit = [this, dumps] {
        if (QFileInfo(m_session->dumpPath()) != QFileInfo(dumps.front()))
            return; // it did not open, and the user has chosen another one
        SweepChoice choice = m_session->sweeps()->choice();
        choice.dumps = dumps;
        choice.nextToken = true;
        m_session->sweeps()->choose(choice);
        editSweep();
    };
    connect(m_session->engine(), &Engine::dumpOpened, this, edit,
        Qt::ConnectionType(Qt::QueuedConnection | Qt::SingleShotConnection)); // after all who see to the new dump
    m_session->openDump(dumps.front());
}

void SweepCommands::evaluateOver()
{
    if (!m_session->info() || m_session->sweeps()->checked().isEmpty()) {
        m_session->report({ ErrorKind::Usage, "There is nothing to evaluate yet: open a dump and check a method" });
        return;
    }
    const QStringList paths = QFileDialog::getOpenFileNames(m_window, tr("Dumps to be measured beside the open one"),
        QFileInfo(m_session->dumpPath()).absolutePath(), dumpFilter());
    if (paths.isEmpty())
        return;
    m_session->evaluateOver(paths);
    m_docks->showQueue();
}

void SweepCommands::showPresets()
{
    if (!m_presets) {
        m_presets = new PresetsDialog([this](const QString& name) { return m_session->presentPreset(name); }, m_window);
        m_presets->setAttribute(Qt::WA_DeleteOnClose);
        connect(m_presets, &PresetsDialog::chosen, m_session, &Session::usePreset);
    }
    m_presets->show();
    m_presets->raise();
    m_presets->activateWindow();
}

void SweepCommands::likeForLike()
{
    auto* dialog = new LikeForLikeDialog(m_session->protectedTokens(), m_window);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] { m_session->protectTokens(dialog->tokens()); });
    dialog->open();
}

void SweepCommands::pastePreset(const QString& text)
{
    try {
        m_session->usePreset(parsePreset(text.toStdString()));
    } catch (...) {
        m_session->report(currentProblem());
    }
}

} // namespace pikv::ui
