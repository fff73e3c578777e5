// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QTimer>
#include <QVariantMap>

class QMainWindow;

namespace pikv::ui {

class ChartTabs;
class Docks;
class Menus;
class Session;

/// What survives a restart: layout, theme, charts' choices, checked methods, parameters and importance. Written when it
/// changes, a moment after the last change, so that a crash loses none of it; and by save().
class WindowSettings : public QObject {
    Q_OBJECT
public:
    /// In state(): commands of the sweeps that are not finished, each with its dump.
    static constexpr const char* queue = "queue";
    static constexpr const char* overDumps = "sweep/overDumps"; ///< as the queue's: commands

    WindowSettings(Session* session, Docks* docks, ChartTabs* charts, Menus* menus, QMainWindow* window);

    /// What is missing, damaged or of another version keeps its default.
    void restore();
    void save();
    void resetLayout();
    /// All of it, by key: for the settings and for files of sessions.
    QVariantMap state() const;
    /// As restore(), from there. False, and all stays, where they are those of another schema.
    bool apply(const QVariantMap& state);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void watch();
    void applyWork(const QVariantMap& state);
    void applySweep(const QVariantMap& state);
    void applyLooks(const QVariantMap& state);

    Session* m_session;
    Docks* m_docks;
    ChartTabs* m_charts;
    Menus* m_menus;
    QMainWindow* m_window;
    QByteArray m_defaultLayout;
    QTimer m_settle;
};

} // namespace pikv::ui
