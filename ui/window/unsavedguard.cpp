// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/window/unsavedguard.h"
#include "ui/session/session.h"
#include "ui/window/filecommands.h"
#include <QMessageBox>
#include <QPushButton>

namespace pikv::ui {

UnsavedGuard::UnsavedGuard(Session* session, FileCommands* files, QWidget* window)
    : QObject(window)
    , m_session(session)
    , m_files(files)
    , m_window(window)
{
}

void UnsavedGuard::leaveDump(const std::function<void()>& then)
{
    if (!m_session->capture()->isUnsaved())
        return then();
    if (std::exchange(m_asking, true))
        return;
    auto* question
        = new QMessageBox(QMessageBox::Question, tr("Captured dump"), tr("The dump of the captured text is not saved."),
            QMessageBox::Save | QMessageBox::Discard | QMessageBox::Cancel, m_window);
    question->setObjectName(QStringLiteral("unsavedCapture"));
    question->setInformativeText(tr("It is gone once it is closed or another one is opened."));
    // Desktops without a platform theme give these no letters.
    question->button(QMessageBox::Save)->setText(tr("&Save"));
    question->button(QMessageBox::Discard)->setText(tr("&Discard"));
    question->button(QMessageBox::Cancel)->setText(tr("&Cancel"));
    question->setDefaultButton(QMessageBox::Save);
    question->setAttribute(Qt::WA_DeleteOnClose);
    connect(question, &QDialog::finished, this, [this, then](int answer) { takeAnswer(answer, then); });
    question->open();
}

void UnsavedGuard::takeAnswer(int button, const std::function<void()>& then)
{
    m_asking = false;
    if (button == QMessageBox::Discard) {
        then();
    } else if (button == QMessageBox::Save && m_files->saveDump()) {
        m_session->capture()->setAfterSave(then);
    }
}

} // namespace pikv::ui
