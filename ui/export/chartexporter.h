// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/export/exportspec.h"
#include <QByteArray>
#include <QFont>
#include <QPalette>

namespace pikv::ui {

class ChartSource;

/// Draws a chart to a file or to the clipboard.
class ChartExporter {
public:
    /// `palette` and `font`: of the window.
    ChartExporter(ChartSource& chart, const QPalette& palette, const QFont& font);

    /// The file's bytes. Throws Error{Resource} for a PNG beyond 100 megapixels.
    QByteArray render(const ExportSpec& spec) const;
    /// Writes the file whole or not at all. Throws Error{Resource} naming file and reason.
    void write(const QString& path, const ExportSpec& spec) const;
    /// Puts an image of `size` in the window's colours on the clipboard.
    void copyImage(QSize size, qreal devicePixelRatio) const;

private:
    QByteArray png(const ExportSpec& spec) const;
    QByteArray svg(const ExportSpec& spec) const;
    QByteArray pdf(const ExportSpec& spec) const;

    ChartSource& m_chart;
    QPalette m_palette;
    QFont m_font;
};

} // namespace pikv::ui
