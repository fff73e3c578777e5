// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/resultschart.h"

namespace pikv::ui {

/// A chart with a horizontal bar for each of some results. A click or the arrow keys and Enter select.
class ResultBars : public ResultsChart {
    Q_OBJECT
public:
    /// Rows of the model from the top bar to the bottom one.
    const QList<int>& rows() const { return m_rows; }
    /// Row of the bar at `position`, else -1.
    int rowAt(QPointF position) const;
    /// The height that a row's bar has, across the whole chart.
    QRectF bandOf(int row) const;

protected:
    using ResultsChart::ResultsChart;

    void setRows(const QList<int>& rows) { m_rows = rows; }
    /// Where all bars are, in this widget's pixels; they share its height evenly.
    virtual QRectF plotArea() const = 0;
    /// About the bar of a row; "" for -1.
    virtual QString tooltipOf(int row) const = 0;
    /// What a screen reader says of the bar.
    virtual QString spoken(qsizetype bar) const = 0;

    bool hasData() const override { return !m_rows.isEmpty(); }
    QString tooltipAt(QPointF position) const override { return tooltipOf(rowAt(position)); }
    void forgetRows() override { m_rows.clear(); }
    void showCursor() override { refreshNow(); }
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;

private:
    void moveCursor(qsizetype bar);

    QList<int> m_rows;
};

} // namespace pikv::ui
