// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/export/chartsource.h"
#include <QPoint>
#include <QWidget>
#include <vector>

class QCPColorMap;
class QCPColorScale;
class QCPItemRect;
class QCustomPlot;

namespace pikv::ui {

/// A matrix of values to colour; NaN cells stay empty.
struct HeatMapData {
    int rows = 0, columns = 0;
    std::vector<double> values; ///< row by row
    QString rowTitle, columnTitle, valueTitle;
    bool log = false; ///< of the colours; values that are not positive take the lowest one

    double at(int row, int column) const
    {
        return values[std::size_t(row) * std::size_t(columns) + std::size_t(column)];
    }
};

/// Draws the matrix in the colour-blind-safe cividis scale with its colour bar. Row 0 is at the top.
class HeatMap : public QWidget {
    Q_OBJECT
public:
    explicit HeatMap(QWidget* parent = nullptr);
    void setData(const HeatMapData& data, const ChartStyle& style);
    void paint(const ChartSheet& sheet);
    /// Cell (column, row) at a position of this widget; (-1, -1) outside.
    QPoint cellAt(QPointF position) const;
    QRectF cellRect(QPoint cell) const;
    /// Frames a cell; (-1, -1) none.
    void setCursorCell(QPoint cell);

private:
    void fillMap();
    void applyStyle(const ChartStyle& style, const QString& title);

    QCustomPlot* m_plot;
    QCPColorMap* m_map;
    QCPColorScale* m_scale;
    QCPItemRect* m_cursor;
    HeatMapData m_data;
    ChartStyle m_style;
};

} // namespace pikv::ui
