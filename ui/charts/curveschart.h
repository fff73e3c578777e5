// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart.h"

class QCustomPlot;

namespace pikv::ui {

/// A chart of curves with its legend above them, in as many columns as fit. The same fill() draws screen and file.
class CurvesChart : public Chart {
    Q_OBJECT
public:
    void paintChart(const ChartSheet& sheet) override;

protected:
    CurvesChart(const QString& objectName, const QString& accessibleName, const QString& emptyText, QWidget* parent);

    /// Draws curves, axes and legend entries on an empty plot `width` pixels wide.
    virtual void fill(QCustomPlot& plot, const ChartStyle& style, int width, bool onScreen) const = 0;
    QCustomPlot& plot() const { return *m_plot; }
    void refresh(const ChartStyle& style) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void draw(QCustomPlot& plot, const ChartStyle& style, QSize size, bool onScreen) const;

    QCustomPlot* m_plot;
};

} // namespace pikv::ui
