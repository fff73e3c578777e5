// SPDX-License-Identifier: GPL-3.0-or-later
// The main window.
#pragma once
#include <QMainWindow>
#include <memory>

namespace pikv::history {
class History;
}

namespace pikv::ui {

class Actions;
class ChartTabs;
class Docks;
class FileChangedBar;
class FileCommands;
class HistoryCommands;
class MappingCommands;
class Menus;
class ModelCommands;
class Session;
class SessionFiles;
class StatusLine;
class SweepCommands;
class UnsavedGuard;
class WindowSettings;

/// The program's window: makes the views of a session and wires its commands to who carries them out. Holds nothing of
/// the work itself.
class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    /// `history`: where results stay; null: nowhere.
    explicit MainWindow(std::shared_ptr<history::History> history = nullptr, QWidget* parent = nullptr);
    ~MainWindow() override;

    Session* session() const { return m_session; }
    /// Every command of menus, buttons and shortcuts.
    const Actions& actions() const { return *m_actions; }

public Q_SLOTS:
    /// A dump or a session. Asks first where that would lose a capture that is not saved.
    void openDump(const QString& path);
    /// Opens the dump that was opened last, `otherwise` where there is none any more; see SessionFiles::resume().
    void resume(const QString& otherwise);

protected:
    void closeEvent(QCloseEvent* event) override;

private:
    void createCentre();
    void createStatusBar();
    void connectSession();
    void connectFileMenu();
    void connectRunMenu();
    void connectOtherMenus();
    void connectSessionFiles();
    void showTitle();
    void reloadDump();
    void captureText();

    Session* m_session;
    Actions* m_actions;
    Menus* m_menus;
    ChartTabs* m_charts = nullptr;
    FileChangedBar* m_changed = nullptr;
    Docks* m_docks;
    HistoryCommands* m_history;
    FileCommands* m_files;
    MappingCommands* m_mapping;
    SweepCommands* m_sweeps;
    ModelCommands* m_models;
    UnsavedGuard* m_guard;
    WindowSettings* m_settings;
    SessionFiles* m_sessions;
    StatusLine* m_status = nullptr;
};

} // namespace pikv::ui
