// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QPointer>

class QAction;
class QWidget;

namespace pikv::ui {

class Docks;
class NoticeBar;
class PresetsDialog;
class Session;

/// The window's side of sweeps and presets: their dialogs, and the bar that offers what was not finished.
class SweepCommands : public QObject {
    Q_OBJECT
public:
    /// `pause`: the command that pauses the queue.
    SweepCommands(Session* session, Docks* docks, QAction* pause, QWidget* window);

    void editSweep();
    /// Opens the first of these dumps, and then the sweep over all of them, next tokens included. Whoever calls has
    /// seen to a capture before.
    void openAndEditSweep(const QStringList& dumps);
    /// Asks for further dumps and measures the checked methods on all of them.
    void evaluateOver();
    void showPresets();
    void likeForLike();
    /// Takes a preset's text over that was pasted as settings.
    void pastePreset(const QString& text);
    /// To be put above the charts.
    NoticeBar* bar() const { return m_bar; }

private:
    void offer(int sweeps);

    Session* m_session;
    Docks* m_docks;
    QWidget* m_window;
    NoticeBar* m_bar;
    QPointer<PresetsDialog> m_presets;
};

} // namespace pikv::ui
