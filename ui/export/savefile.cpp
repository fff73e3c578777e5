// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/export/savefile.h"
#include <QFileDialog>

namespace pikv::ui {

QString askSaveFile(
    QWidget* parent, const QString& title, const QString& proposal, const QString& filter, const QString& suffix)
{
    QFileDialog dialog(parent, title, QFileInfo(proposal).path(), filter);
    dialog.setAcceptMode(QFileDialog::AcceptSave);
    dialog.setFileMode(QFileDialog::AnyFile);
    dialog.setDefaultSuffix(suffix);
    dialog.selectFile(QFileInfo(proposal).fileName());
    if (dialog.exec() != QDialog::Accepted || dialog.selectedFiles().isEmpty())
        return {};
    return dialog.selectedFiles().constFirst();
}

} // namespace pikv::ui
