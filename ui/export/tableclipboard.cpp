// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/export/tableclipboard.h"
#include "core/eval/resultsio.h"
#include <QClipboard>
#include <QGuiApplication>
#include <QMimeData>

namespace pikv::ui {

void copyResultsCsv(const std::vector<EvaluationResult>& results)
{
    const QByteArray csv = QByteArray::fromStdString(resultsToCsv(results));
    auto* data = new QMimeData; // the clipboard takes it
    data->setData(QStringLiteral("text/csv"), csv);
    data->setText(QString::fromUtf8(csv));
    QGuiApplication::clipboard()->setMimeData(data);
}

} // namespace pikv::ui
