// SPDX-License-Identifier: GPL-3.0-or-later
// A captured dump is nowhere but in memory until it is saved.
#include "ui/window/mainwindow.h"
#include "ui/window/recentfiles.h"
#include <QCloseEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QStatusBar>

namespace pikv::ui {

void MainWindow::closeEvent(QCloseEvent* event)
{
    if (m_unsavedCapture) {
        event->ignore();
        leaveDump([this] {
            m_unsavedCapture = false;
            close();
        });
        return;
    }
    saveSettings();
    m_engine.cancel();
    event->accept();
}

/// The question does not stop the event loop: charts go on drawing behind it, and the engine's answers arrive.
void MainWindow::leaveDump(const std::function<void()>& then)
{
    if (!m_unsavedCapture)
        return then();
    if (findChild<QMessageBox*>(QStringLiteral("unsavedCapture")))
        return; // asked already
    auto* question
        = new QMessageBox(QMessageBox::Question, tr("Captured dump"), tr("The dump of the captured text is not saved."),
            QMessageBox::Save | QMessageBox::Discard | QMessageBox::Cancel, this);
    question->setObjectName(QStringLiteral("unsavedCapture"));
    question->setInformativeText(tr("It is gone once it is closed or another one is opened."));
    question->setDefaultButton(QMessageBox::Save);
    question->setAttribute(Qt::WA_DeleteOnClose);
    connect(question, &QDialog::finished, this, [this, then](int answer) {
        if (answer == QMessageBox::Discard)
            return then();
        if (answer == QMessageBox::Save && saveDump())
            m_afterSave = then;
    });
    question->open();
}

bool MainWindow::saveDump()
{
    m_afterSave = {};
    if (!m_engine.info()) {
        noteProblem({ ErrorKind::Usage, "There is no dump to save yet: open one, or capture a text" });
        return false;
    }
    const QString path = QFileDialog::getSaveFileName(
        this, tr("Save the dump"), QStringLiteral("captured.safetensors"), tr("KV-cache dumps (*.safetensors)"));
    if (path.isEmpty())
        return false;
    m_savingCapture = m_unsavedCapture;
    m_engine.saveDump(path);
    return true;
}

void MainWindow::noteDumpSaved(const QString& path)
{
    m_recent->add(path);
    statusBar()->showMessage(tr("Wrote %1").arg(path));
    if (std::exchange(m_savingCapture, false)) {
        m_unsavedCapture = false;
        showTitle(QFileInfo(path).fileName());
    }
    if (const auto then = std::exchange(m_afterSave, {}))
        then();
}

} // namespace pikv::ui
