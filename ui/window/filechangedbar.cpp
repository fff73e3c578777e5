// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/window/filechangedbar.h"
#include <QFileInfo>
#include <QPushButton>

namespace pikv::ui {

FileChangedBar::FileChangedBar(QWidget* parent)
    : NoticeBar(QStringLiteral("fileChanged"), tr("Reload from dis&k"), tr("I&gnore"), parent)
{
    connect(action(), &QPushButton::clicked, this, &FileChangedBar::reloadRequested);
    m_settle.setSingleShot(true);
    m_settle.setInterval(300);
    connect(&m_settle, &QTimer::timeout, this, &FileChangedBar::noteChange);
    connect(&m_watcher, &QFileSystemWatcher::fileChanged, &m_settle, qOverload<>(&QTimer::start));
}

void FileChangedBar::watch(const QString& path)
{
    if (!m_watcher.files().isEmpty())
        m_watcher.removePaths(m_watcher.files());
    m_path = path;
    if (!path.isEmpty())
        m_watcher.addPath(path);
    hide();
}

void FileChangedBar::noteChange()
{
    const bool there = QFileInfo::exists(m_path);
    const QString name = QFileInfo(m_path).fileName();
    setText(there ? tr("%1 changed on disk. The results shown are of the earlier version.").arg(name)
                  : tr("%1 is gone from the disk. The results shown stay, new ones need the file.").arg(name));
    action()->setVisible(there);
    if (there && !m_watcher.files().contains(m_path))
        m_watcher.addPath(m_path); // replaced by rename: the watch went with the old file
    show();
}

} // namespace pikv::ui
