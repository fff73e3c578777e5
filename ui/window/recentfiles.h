// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QStringList>

class QMenu;

namespace pikv::ui {

/// The last dumps that were opened, newest first, kept in the settings and offered in a menu.
class RecentFiles : public QObject {
    Q_OBJECT
public:
    explicit RecentFiles(QMenu* menu, QObject* parent = nullptr);

    void add(const QString& path);
    void remove(const QString& path);
    const QStringList& paths() const { return m_paths; }
    /// The newest one that is still there, of the settings; "" where there is none.
    static QString newest();
    /// Folder of the newest one; "" where there is none.
    QString folder() const;

Q_SIGNALS:
    void chosen(const QString& path);

private:
    void store();
    void fillMenu();

    QMenu* m_menu;
    QStringList m_paths;
};

} // namespace pikv::ui
