// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/export/exportspec.h"
#include "core/base/error.h"

namespace pikv::ui {
namespace {

QSize rounded(double width, double height) { return { qMax(1, qRound(width)), qMax(1, qRound(height)) }; }

} // namespace

QSize ExportSpec::pixels() const
{
    const double scale = unit == Pixels ? 1 : dpi / 25.4;
    return rounded(width * scale, height * scale);
}

QSize ExportSpec::sheet() const
{
    const double scale = unit == Pixels ? 96.0 / dpi : 96 / 25.4;
    return rounded(width * scale, height * scale);
}

QString formatSuffix(ExportSpec::Format format)
{
    switch (format) {
    case ExportSpec::Svg:
        return QStringLiteral("svg");
    case ExportSpec::Pdf:
        return QStringLiteral("pdf");
    case ExportSpec::Png:
        break;
    }
    return QStringLiteral("png");
}

ExportSpec::Format parseExportFormat(const QString& name)
{
    for (const auto format : { ExportSpec::Png, ExportSpec::Svg, ExportSpec::Pdf }) {
        if (name.compare(formatSuffix(format), Qt::CaseInsensitive) == 0)
            return format;
    }
    throw usageError("Unknown chart format '" + name.toStdString() + "'; known are png, svg and pdf");
}

} // namespace pikv::ui
