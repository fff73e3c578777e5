// SPDX-License-Identifier: GPL-3.0-or-later
// A file that could not be opened is listed; where it has tensors that could be a cache, the bar offers to map them.
#include "ui/window/mappingcommands.h"
#include "ui/models/counted.h"
#include "ui/panels/mappingdialog.h"
#include "ui/session/session.h"
#include "ui/window/noticebar.h"
#include "ui/window/unsavedguard.h"
#include <QFileInfo>
#include <QPushButton>
#include <utility>

namespace pikv::ui {

MappingCommands::MappingCommands(Session* session, UnsavedGuard* guard, QWidget* window)
    : QObject(window)
    , m_session(session)
    , m_guard(guard)
    , m_window(window)
    , m_bar(new NoticeBar(QStringLiteral("mapping"), tr("Map tensors…"), tr("Ignore"), window))
{
    connect(m_bar->action(), &QPushButton::clicked, this, &MappingCommands::mapTensors);
    connect(m_bar, &NoticeBar::ignored, this, [this] { m_offered.clear(); });
    Engine* engine = session->engine();
    connect(session, &Session::dumpFailed, this, &MappingCommands::noteFailure);
    connect(session, &Session::dumpOpened, this, [this] {
        m_offered.clear();
        m_bar->hide();
    });
    connect(engine, &Engine::cancelled, this, [this] { m_asked.clear(); });
    connect(engine, &Engine::tensorsListed, this, &MappingCommands::take);
    connect(engine, &Engine::tensorsNotListed, this, [this](const QString& path, const QString& reason) {
        if (path == m_asked) // nobody asked for the others
            m_session->report({ ErrorKind::Input, reason.toStdString() });
        m_asked.clear();
    });
}

void MappingCommands::noteFailure(const QString& path)
{
    m_offered.clear();
    m_bar->hide();
    m_session->engine()->listTensors(path);
}

void MappingCommands::mapTensors()
{
    if (m_offered.isEmpty())
        return mapOpenDump();
    m_asked = m_offered;
    m_session->engine()->listTensors(m_asked);
}

void MappingCommands::mapOpenDump()
{
    m_asked = m_session->dumpPath();
    if (m_asked.isEmpty())
        m_session->report({ ErrorKind::Usage, "There is no file to map: open a dump first" });
    else
        m_session->engine()->listTensors(m_asked);
}

void MappingCommands::take(const QString& path, const ListingPtr& listing)
{
    if (path == m_asked) {
        m_asked.clear();
        return ask(path, listing);
    }
    if (listing->tensors.empty())
        return;
    m_offered = path;
    m_bar->setText(
        tr("%1 was not understood. It holds %2: say which are keys and values, and it opens.")
            .arg(QFileInfo(path).fileName(), counted(qint64(listing->tensors.size()), tr("tensor"), tr("tensors"))));
    m_bar->show();
}

void MappingCommands::ask(const QString& path, const ListingPtr& listing)
{
    std::optional<DumpMapping> told;
    if (path == m_session->dumpPath())
        if (const auto at = m_session->info()->told.find("map"); at != m_session->info()->told.end())
            told = parseMapping(at->second);
    if (told && told->key.empty() && told->both.empty()) // axes alone: the names are those of the guess
        if (const auto guess = guessMapping(*listing)) {
            told->key = guess->key;
            told->value = guess->value;
            told->both = guess->both;
        }
    auto* dialog = new MappingDialog(*listing, told, m_window);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog, path] { open(path, dialog->mapping()); });
    dialog->open();
}

/// What was told of its rotation stays; what was told of its tensors does not outlive another mapping.
void MappingCommands::open(const QString& path, const DumpMapping& mapping)
{
    Told told;
    if (path == m_session->dumpPath())
        told = m_session->info()->told;
    told.erase("part");
    told.erase("head-dim");
    told["map"] = printMapping(mapping);
    m_guard->leaveDump([this, path, told] { m_session->openDumpAs(path, told); });
}

} // namespace pikv::ui
