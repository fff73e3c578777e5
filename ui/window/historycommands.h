// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/methodspec.h"
#include <QObject>
#include <QPointer>

class QWidget;

namespace pikv::history {
class History;
}

namespace pikv::ui {

class HistoryDialog;
class Session;

/// The window's side of the history: its dialog, and what is wrong with it.
class HistoryCommands : public QObject {
    Q_OBJECT
public:
    /// `history`: null where there is none.
    HistoryCommands(history::History* history, Session* session, QWidget* window);

    void show();

Q_SIGNALS:
    /// A stored result was activated: its method and parameters.
    void settingsChosen(const pikv::MethodSpec& spec);

private:
    QString m_database; ///< "": none
    Session* m_session;
    QWidget* m_window;
    QPointer<HistoryDialog> m_dialog;
};

} // namespace pikv::ui
