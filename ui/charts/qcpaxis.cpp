// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/qcpaxis.h"
#include "ui/charts/qcp.h"
#include "ui/theme/chartstyle.h"

namespace pikv::ui {

void styleAxis(QCPAxis& axis, const ChartStyle& style)
{
    const QPen line(style.muted, pen::kFine * style.scale);
    axis.setBasePen(line);
    axis.setTickPen(line);
    axis.setSubTickPen(line);
    axis.setLabelFont(style.font);
    axis.setTickLabelFont(style.font);
    axis.setLabelColor(style.text);
    axis.setTickLabelColor(style.text);
    axis.grid()->setPen(QPen(style.grid, pen::kFine * style.scale));
    axis.grid()->setZeroLinePen(line);
}

} // namespace pikv::ui
