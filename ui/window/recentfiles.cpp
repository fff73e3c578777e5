// SPDX-License-Identifier: GPL-3.0-or-later
// The list lives in the settings, so that several windows share it; the menu is filled anew with every change.
#include "ui/window/recentfiles.h"
#include <QFileInfo>
#include <QMenu>
#include <QSettings>

namespace pikv::ui {
namespace {
constexpr int maxFiles = 10;
const QString key = QStringLiteral("recentFiles");
}

RecentFiles::RecentFiles(QMenu* menu, QObject* parent)
    : QObject(parent)
    , m_menu(menu)
    , m_paths(QSettings().value(key).toStringList().mid(0, maxFiles))
{
    fillMenu();
}

void RecentFiles::add(const QString& path)
{
    const QString absolute = QFileInfo(path).absoluteFilePath();
    m_paths.removeAll(absolute);
    m_paths.prepend(absolute);
    m_paths = m_paths.mid(0, maxFiles);
    store();
}

void RecentFiles::remove(const QString& path)
{
    if (m_paths.removeAll(QFileInfo(path).absoluteFilePath()) > 0)
        store();
}

QString RecentFiles::folder() const { return m_paths.isEmpty() ? QString() : QFileInfo(m_paths.front()).path(); }

QString RecentFiles::newest()
{
    for (const QString& path : QSettings().value(key).toStringList())
        if (QFileInfo::exists(path))
            return path;
    return {};
}

void RecentFiles::store()
{
    QSettings().setValue(key, m_paths);
    fillMenu();
}

void RecentFiles::fillMenu()
{
    m_menu->clear();
    int number = 0;
    for (const QString& path : m_paths) {
        QAction* action = m_menu->addAction(QStringLiteral("&%1 %2").arg(++number).arg(QFileInfo(path).fileName()));
        action->setToolTip(path);
        action->setStatusTip(path);
        connect(action, &QAction::triggered, this, [this, path] { Q_EMIT chosen(path); });
    }
    m_menu->setEnabled(!m_paths.isEmpty());
    if (m_paths.isEmpty())
        return;
    m_menu->addSeparator();
    connect(m_menu->addAction(tr("&Clear list")), &QAction::triggered, this, [this] {
        m_paths.clear();
        store();
    });
}

} // namespace pikv::ui
