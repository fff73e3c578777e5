// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QSize>
#include <QString>

namespace pikv::ui {

/// How a chart becomes a file. The default fits a column of a paper.
struct ExportSpec {
    enum Format { Png, Svg, Pdf };
    enum Unit { Millimetres, Pixels };

    Format format = Png;
    Unit unit = Millimetres;
    double width = 160, height = 100;
    int dpi = 300; ///< pixels of a PNG an inch; with sizes in pixels also how large text is against them
    bool light = true; ///< black on white, whatever the window looks like
    double fontScale = 1;
    QString title; ///< empty: none

    /// Pixels of a PNG.
    QSize pixels() const;
    /// The sheet in pixels of 1/96 inch.
    QSize sheet() const;
};

/// "png", "svg", "pdf".
QString formatSuffix(ExportSpec::Format format);
/// By name, without regard to case. Throws Error{Usage} naming the three.
ExportSpec::Format parseExportFormat(const QString& name);

} // namespace pikv::ui
