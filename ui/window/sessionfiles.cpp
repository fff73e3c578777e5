// SPDX-License-Identifier: GPL-3.0-or-later
// Everything on screen is saved with the settings a moment after it changes, and results are in the history, so that
// going on after a crash needs nothing but the dump. Who runs is noted by its process, for two windows may run at once.
#include "ui/window/sessionfiles.h"
#include "core/eval/problem.h"
#include "ui/export/savefile.h"
#include "ui/models/problemsmodel.h"
#include "ui/session/session.h"
#include "ui/session/sessionfile.h"
#include "ui/session/sweeps.h"
#include "ui/window/recentfiles.h"
#include "ui/window/windowsettings.h"
#include <QCoreApplication>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>
#include <QSettings>
#include <csignal>

namespace pikv::ui {
namespace {

const QString runningKey = QStringLiteral("running");

QString sessionFilter() { return QObject::tr("Sessions (*.pikvsession)"); }

/// Sweeps name their dump: a file of a session, which may move with its dump, leaves that name out.
QVariantMap withQueueOf(QVariantMap state, const QString& from, const QString& to)
{
    for (const char* key : { WindowSettings::queue, WindowSettings::overDumps }) {
        QVariant& commands = state[QLatin1String(key)];
        commands = Sweeps::relocated(commands.toStringList(), from, to);
    }
    return state;
}

/// The process that noted itself is gone, and did not take the note along.
bool endedBadly()
{
    const qint64 process = QSettings().value(runningKey).toLongLong();
    return process > 0 && process != QCoreApplication::applicationPid() && ::kill(pid_t(process), 0) != 0;
}

} // namespace

SessionFiles::SessionFiles(Session* session, WindowSettings* settings, QWidget* window)
    : QObject(window)
    , m_session(session)
    , m_settings(settings)
    , m_window(window)
    , m_endedBadly(endedBadly())
{
    QSettings().setValue(runningKey, QCoreApplication::applicationPid());
}

SessionFiles::~SessionFiles()
{
    QSettings settings;
    if (settings.value(runningKey).toLongLong() == QCoreApplication::applicationPid())
        settings.remove(runningKey);
}

void SessionFiles::saveAs()
{
    const QString dump = m_session->dumpPath();
    const QString name = dump.isEmpty() ? QStringLiteral("session") : QFileInfo(dump).completeBaseName();
    const QDir folder = dump.isEmpty() ? QDir::home() : QFileInfo(dump).absoluteDir();
    const QString path = askSaveFile(m_window, tr("Save the session"),
        folder.filePath(name + QStringLiteral(".pikvsession")), sessionFilter(), QStringLiteral("pikvsession"));
    if (path.isEmpty())
        return;
    try {
        const QString whole = dump.isEmpty() ? dump : QFileInfo(dump).absoluteFilePath();
        SessionFile { whole, withQueueOf(m_settings->state(), whole, {}) }.write(path);
        Q_EMIT said(tr("Wrote %1").arg(path));
    } catch (...) {
        m_session->report(currentProblem());
    }
}

void SessionFiles::choose()
{
    const QString path = QFileDialog::getOpenFileName(
        m_window, tr("Open a session"), QFileInfo(m_session->dumpPath()).absolutePath(), sessionFilter());
    if (!path.isEmpty())
        Q_EMIT chosen(path);
}

void SessionFiles::load(const QString& path)
{
    try {
        const SessionFile file = SessionFile::read(path);
        if (!m_settings->apply(withQueueOf(file.state, {}, file.dump)))
            m_session->problems()->addWarning(
                tr("%1: its settings are those of another version of the program, and were left out").arg(path));
        if (!file.dump.isEmpty())
            m_session->openDump(file.dump);
    } catch (...) {
        m_session->report(currentProblem());
    }
}

void SessionFiles::resume(const QString& otherwise)
{
    const QString dump = RecentFiles::newest();
    if (m_endedBadly && !dump.isEmpty())
        ask(dump, otherwise);
    else if (const QString path = dump.isEmpty() ? otherwise : dump; !path.isEmpty())
        m_session->openDump(path);
}

void SessionFiles::ask(const QString& dump, const QString& otherwise)
{
    auto* box = new QMessageBox(QMessageBox::Question, tr("Go on?"),
        tr("The program did not end as it should the last time. Go on with %1?").arg(QFileInfo(dump).fileName()),
        QMessageBox::NoButton, m_window);
    box->setObjectName(QStringLiteral("resumeBox"));
    box->setInformativeText(tr("Settings and finished results were kept."));
    box->setAttribute(Qt::WA_DeleteOnClose);
    QPushButton* yes = box->addButton(tr("Go on"), QMessageBox::AcceptRole);
    yes->setObjectName(QStringLiteral("resumeYes"));
    QPushButton* no = box->addButton(tr("Start anew"), QMessageBox::RejectRole);
    no->setObjectName(QStringLiteral("resumeNo"));
    box->setDefaultButton(yes);
    connect(box, &QDialog::finished, this, [this, box, yes, dump, otherwise] {
        if (const QString path = box->clickedButton() == yes ? dump : otherwise; !path.isEmpty())
            m_session->openDump(path);
    });
    box->open();
}

} // namespace pikv::ui
