// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/theme/theme.h"
#include <QObject>

class QAction;
class QMainWindow;
class QMenu;

namespace pikv::ui {

class Actions;
class ChartTabs;
class Docks;

/// The menu bar: the window's actions in their menus, and what is one menu's alone, the themes, panels and charts.
class Menus : public QObject {
    Q_OBJECT
public:
    Menus(Actions* actions, QMainWindow* window);

    /// Filled by whoever knows what is in them.
    QMenu* recentFiles() const { return m_recent; }
    QMenu* installedModels() const { return m_installed; }
    /// Panels and charts to be shown, in the View menu.
    void addViews(Docks* docks, ChartTabs* charts);
    ThemeMode theme() const { return m_theme; }
    void setTheme(ThemeMode theme);

Q_SIGNALS:
    /// The Model menu is about to open: what is installed may be different now.
    void modelsWanted();
    void themeChanged();

private:
    QMenu* add(const QString& title, const char* name, const QList<int>& ids);
    void createThemes(QMenu* view);

    Actions* m_actions;
    QMainWindow* m_window;
    QMenu *m_recent = nullptr, *m_installed = nullptr, *m_view = nullptr, *m_charts = nullptr;
    QAction* m_firstOfView = nullptr;
    ThemeMode m_theme = ThemeMode::System;
};

} // namespace pikv::ui
