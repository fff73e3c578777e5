// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/metrics.h"
#include "ui/charts/barchart.h"
#include <QPersistentModelIndex>

class QItemSelectionModel;

namespace pikv::ui {

class EmptyHint;
class RefreshTimer;
class ResultsModel;

/// One metric of every checked method at its present parameters, as bars. A click or the arrow keys and Enter select.
class ComparisonChart : public QWidget, public ChartSource {
    Q_OBJECT
public:
    ComparisonChart(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr,
        BarBackend backend = defaultBarBackend());

    void setMetric(const MetricInfo* metric, bool log);
    void refreshNow();
    /// Rows of the model from the top bar to the bottom one: the present points of the methods. Where no row is
    /// one (a file of results): all, or the defaults of each method where there are many.
    const QList<int>& rows() const { return m_rows; }
    /// Row of the bar at `position`, else -1.
    int rowAt(QPointF position) const;
    /// The height that a row's bar has, across the whole chart.
    QRectF bandOf(int row) const;
    int cursorRow() const { return m_cursor.row(); }
    const BarChartData& data() const { return m_data; }

    QString chartTitle() const override;
    void paintChart(const ChartSheet& sheet) override;

Q_SIGNALS:
    void notesChanged(const QStringList& notes);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    QList<int> rowsToShow() const;
    BarChartData makeData(const ChartStyle& style, bool withSelection) const;
    Bar makeBar(int row, const ChartStyle& style, bool withSelection) const;
    QString label(int row) const;
    QStringList notes() const;
    void describe();
    void select(int row, Qt::KeyboardModifiers modifiers);
    void setCursorRow(int row);
    void showTooltip(int row, QPoint globalPosition);

    ResultsModel* m_model;
    QItemSelectionModel* m_selection;
    BarBackend m_backend;
    BarChart* m_bars;
    EmptyHint* m_empty;
    RefreshTimer* m_refresh;
    const MetricInfo* m_metric;
    bool m_log = false;
    QList<int> m_rows;
    BarChartData m_data;
    QPersistentModelIndex m_cursor;
};

} // namespace pikv::ui
