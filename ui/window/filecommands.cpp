// SPDX-License-Identifier: GPL-3.0-or-later
// Every dialog of the window that asks for a file of its own, and what it starts with the answer.
#include "ui/window/filecommands.h"
#include "core/eval/problem.h"
#include "core/eval/resultsio.h"
#include "ui/export/savefile.h"
#include "ui/export/tableclipboard.h"
#include "ui/models/dumpfilter.h"
#include "ui/models/specstore.h"
#include "ui/panels/resultspanel.h"
#include "ui/session/session.h"
#include "ui/window/recentfiles.h"
#include "ui/window/reportcommand.h"
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>

namespace pikv::ui {

FileCommands::FileCommands(Session* session, ResultsPanel* table, QMenu* recent, QWidget* window)
    : QObject(window)
    , m_session(session)
    , m_table(table)
    , m_recent(new RecentFiles(recent, this))
    , m_report(new ReportCommand(session, this))
    , m_window(window)
{
    connect(
        m_report, &ReportCommand::done, this, [this](const QString& path) { Q_EMIT said(tr("Wrote %1").arg(path)); });
    connect(m_recent, &RecentFiles::chosen, this, &FileCommands::dumpChosen);
    connect(session, &Session::dumpOpened, this, [this] {
        if (const QString path = m_session->dumpPath(); !path.isEmpty())
            m_recent->add(path);
    });
    connect(session, &Session::dumpFailed, m_recent, &RecentFiles::remove);
    connect(session->engine(), &Engine::dumpSaved, m_recent, &RecentFiles::add);
}

QString FileCommands::openFolder() const { return m_recent->folder(); }

QString FileCommands::askSave(const QString& title, const QString& name, const QString& filter, const QString& suffix)
{
    const QString dump = m_session->dumpPath();
    const QString folder = !m_lastFolder.isEmpty() ? m_lastFolder
        : dump.isEmpty()                           ? m_recent->folder()
                                                   : QFileInfo(dump).absolutePath();
    const QString path
        = askSaveFile(m_window, title, folder.isEmpty() ? name : QDir(folder).filePath(name), filter, suffix);
    if (!path.isEmpty())
        m_lastFolder = QFileInfo(path).absolutePath();
    return path;
}

void FileCommands::openDump()
{
    const QString path = QFileDialog::getOpenFileName(m_window, tr("Open KV-cache dump"), openFolder(), dumpFilter());
    if (!path.isEmpty())
        Q_EMIT dumpChosen(path);
}

bool FileCommands::saveDump()
{
    if (!m_session->info()) {
        m_session->report({ ErrorKind::Usage, "There is no dump to save yet: open one, or capture a text" });
        return false;
    }
    const QString open = QFileInfo(m_session->dumpPath()).completeBaseName();
    const QString name = open.isEmpty() ? QStringLiteral("captured") : open;
    const QString path = askSave(
        tr("Save the dump"), name + QStringLiteral(".safetensors"), dumpSaveFilter(), QStringLiteral("safetensors"));
    if (path.isEmpty())
        return false;
    m_session->saveDump(path);
    return true;
}

void FileCommands::saveCompressed(const QString& methodId)
{
    if (!m_session->info() || methodId.isEmpty()) {
        m_session->report(
            { ErrorKind::Usage, "There is nothing to save yet: open a dump and choose a method in the list" });
        return;
    }
    const QString path = askSave(tr("Save the cache compressed by %1").arg(methodId),
        QFileInfo(m_session->dumpPath()).completeBaseName() + QLatin1Char('-') + methodId + QStringLiteral(".pikv"),
        tr("Compressed caches (*.pikv)"), QStringLiteral("pikv"));
    if (!path.isEmpty())
        m_session->engine()->compressTo(m_session->specs()->spec(methodId), path);
}

void FileCommands::exportTable()
{
    const QString path = askSave(
        tr("Export the results"), QStringLiteral("results.csv"), tr("CSV tables (*.csv)"), QStringLiteral("csv"));
    if (path.isEmpty())
        return;
    try {
        const std::vector<EvaluationResult> results = m_table->visibleResults();
        writeFileAtomic(path.toStdString(), provenanceLines(m_report->facts(results)) + resultsToCsv(results));
        Q_EMIT said(tr("Wrote %1").arg(path));
    } catch (...) {
        m_session->report(currentProblem());
    }
}

void FileCommands::exportMeans(const std::function<QByteArray()>& csv)
{
    const QString path = askSave(tr("Export the means over dumps"), QStringLiteral("means.csv"),
        tr("CSV tables (*.csv)"), QStringLiteral("csv"));
    if (path.isEmpty())
        return;
    try {
        writeFileAtomic(path.toStdString(), csv().toStdString());
        Q_EMIT said(tr("Wrote %1").arg(path));
    } catch (...) {
        m_session->report(currentProblem());
    }
}

void FileCommands::exportReport()
{
    const std::vector<EvaluationResult> results = m_table->visibleResults();
    if (results.empty()) {
        m_session->report({ ErrorKind::Usage, "There are no results to report yet: open a dump and check a method" });
        return;
    }
    const QString path = askSave(tr("Export a report of the results"), QStringLiteral("report.html"),
        tr("Web pages (*.html);;PDF documents (*.pdf);;Markdown tables (*.md);;LaTeX tables (*.tex)"),
        QStringLiteral("html"));
    if (!path.isEmpty())
        m_report->write(results, path);
}

void FileCommands::copyTable()
{
    copyResultsCsv(m_table->visibleResults());
    Q_EMIT said(tr("Copied the results as CSV"));
}

} // namespace pikv::ui
