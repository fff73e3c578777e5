// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QString>

class QWidget;

namespace pikv::ui {

class Session;
class WindowSettings;

/// Sessions as files, and the one that was on screen when the program ended.
class SessionFiles : public QObject {
    Q_OBJECT
public:
    SessionFiles(Session* session, WindowSettings* settings, QWidget* window);
    /// The program ends as it should.
    ~SessionFiles() override;

    void saveAs();
    /// Asks for a file; chosen() follows.
    void choose();
    /// Settings at once, the dump as Session::openDump() does.
    void load(const QString& path);
    /// Opens the dump that was opened last, `otherwise` where there is none any more. Where the program did not end as
    /// it should the last time, it asks first: that dump may be why.
    void resume(const QString& otherwise);

Q_SIGNALS:
    void chosen(const QString& path);
    void said(const QString& line);

private:
    void ask(const QString& dump, const QString& otherwise);

    Session* m_session;
    WindowSettings* m_settings;
    QWidget* m_window;
    bool m_endedBadly; ///< the last time
};

} // namespace pikv::ui
