// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/theme/chartstyle.h"
#include <QSize>
#include <QString>

class QPaintDevice;

namespace pikv::ui {

/// A sheet that a chart is drawn on: `size` in pixels of 1/96 inch, each `scale` units of the device.
struct ChartSheet {
    QPaintDevice* device = nullptr;
    QSize size;
    qreal scale = 1;
    bool vector = false; ///< SVG and PDF: no pixel snapping
    ChartStyle style;
    QString title; ///< empty: none
};

/// What can be exported: every chart of the window.
class ChartSource {
public:
    virtual ~ChartSource() = default;
    /// "Attention error over bits per element"; also the proposed file name.
    virtual QString chartTitle() const = 0;
    /// Draws what is on screen, in the sheet's colours and size; the screen does not change.
    virtual void paintChart(const ChartSheet& sheet) = 0;
};

} // namespace pikv::ui
