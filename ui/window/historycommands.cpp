// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/window/historycommands.h"
#include "history/history.h"
#include "ui/models/problemsmodel.h"
#include "ui/panels/historydialog.h"
#include "ui/session/session.h"

namespace pikv::ui {

HistoryCommands::HistoryCommands(history::History* history, Session* session, QWidget* window)
    : QObject(window)
    , m_session(session)
    , m_window(window)
{
    if (!history)
        return;
    m_database = QString::fromStdString(history->path());
    history->setTell([session](const std::string& sentence) { // in the engine thread
        QMetaObject::invokeMethod(
            session, [session, text = QString::fromStdString(sentence)] { session->problems()->addWarning(text); });
    });
}

void HistoryCommands::show()
{
    if (m_database.isEmpty()) {
        m_session->report({ ErrorKind::Usage, "There is no history: the environment's PIKV_HISTORY is 'off'" });
        return;
    }
    if (!m_dialog) {
        m_dialog = new HistoryDialog(m_database, m_window);
        m_dialog->setAttribute(Qt::WA_DeleteOnClose);
        connect(m_dialog, &HistoryDialog::settingsChosen, this, &HistoryCommands::settingsChosen);
    }
    m_dialog->reload();
    m_dialog->show();
    m_dialog->raise();
    m_dialog->activateWindow();
}

} // namespace pikv::ui
