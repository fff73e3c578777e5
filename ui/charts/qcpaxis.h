// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

class QCPAxis;

namespace pikv::ui {

struct ChartStyle;

/// Lines, texts and grid of an axis in the style's colours, pens and fonts.
void styleAxis(QCPAxis& axis, const ChartStyle& style);

} // namespace pikv::ui
