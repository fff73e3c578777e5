// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/export/savefile.h"
#include <QFileDialog>
#include <QRegularExpression>

namespace pikv::ui {

QString askSaveFile(
    QWidget* parent, const QString& title, const QString& proposal, const QString& filter, const QString& suffix)
{
    QFileDialog dialog(parent, title, QFileInfo(proposal).path(), filter);
    dialog.setAcceptMode(QFileDialog::AcceptSave);
    dialog.setFileMode(QFileDialog::AnyFile);
    dialog.setDefaultSuffix(suffix);
    QObject::connect(&dialog, &QFileDialog::filterSelected, &dialog, [&dialog](const QString& chosen) {
        static const QRegularExpression first(QStringLiteral("\\*\\.(\\w+)")); // of "PDF documents (*.pdf)"
        if (const auto match = first.match(chosen); match.hasMatch())
            dialog.setDefaultSuffix(match.captured(1));
    });
    dialog.selectFile(QFileInfo(proposal).fileName());
    if (dialog.exec() != QDialog::Accepted || dialog.selectedFiles().isEmpty())
        return {};
    return dialog.selectedFiles().constFirst();
}

} // namespace pikv::ui
