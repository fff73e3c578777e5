// SPDX-License-Identifier: GPL-3.0-or-later
// The chart of stored size against an error, one point a configured method.
#pragma once
#include "ui/charts/resultschart.h"
#include "ui/charts/tradeoffdata.h"
#include <functional>
#include <memory>

class QCustomPlot;

namespace pikv::ui {

class TradeoffPointer;
class TradeoffScene;

/// Results as points, size against quality. Hover shows all figures; click, Shift-drag or arrow keys and Enter select;
/// wheel zooms, drag pans, double-click fits; a click on a legend entry hides its method.
class TradeoffChart : public ResultsChart {
    Q_OBJECT
public:
    /// Selects and shows selected rows of `model` in `selection`.
    TradeoffChart(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);
    ~TradeoffChart() override;

    /// Draws these means of the importance that `importance` tells, too; `means` outlives the chart.
    void setMeans(const DumpMeansModel* means, std::function<ImportanceSpec()> importance);
    void setMeansShown(bool shown);
    /// What hovering over the mean of that row tells: mean, interval and the value of every dump.
    QString meanTooltip(int row) const;
    /// Where it is, in pixels of this widget.
    QPointF positionOfMean(int row) const;
    void setAxes(const TradeoffAxes& axes);
    const TradeoffAxes& axes() const { return m_axes; }
    QStringList hiddenMethods() const { return { m_hidden.begin(), m_hidden.end() }; }
    void setMethodHidden(const QString& method, bool hidden);
    const TradeoffData& data() const { return m_data; }

    /// Shows all points again after zooming.
    void fit();
    /// Row of the point nearest to `position` within reach of a pointer, else -1.
    int rowAt(QPointF position) const;
    /// Where a row's point is, in pixels of this widget; the row has to be shown.
    QPointF positionOf(int row) const;
    /// The rectangle of the data.
    QRectF plotArea() const;

    QString chartTitle() const override;
    void paintChart(const ChartSheet& sheet) override;

Q_SIGNALS:
    void hiddenMethodsChanged();

protected:
    void refresh(const ChartStyle& style) override;
    bool hasData() const override { return m_data.hasPoints() || !m_data.means.isEmpty(); }
    QString description() const override;
    QString emptyText() const override;
    QStringList notes() const override { return m_data.notes; }
    void restyle() override;
    void noteRows(int first, int last, bool inserted) override;
    void forgetRows() override;
    void showSelection() override;
    void showCursor() override { showSelection(); }
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mouseMoveEvent(QMouseEvent*) override { } // the plot has the mouse

private:
    void connectPointer();
    void setRings();
    int meanAt(QPointF position) const;
    void hover(int row, QPoint globalPosition);
    void moveCursor(int key);
    QString tooltipOf(int row) const;

    QCustomPlot* m_plot;
    std::unique_ptr<TradeoffScene> m_scene;
    TradeoffPointer* m_pointer;
    TradeoffAxes m_axes;
    TradeoffData m_data;
    QSet<QString> m_hidden;
    const DumpMeansModel* m_means = nullptr;
    std::function<ImportanceSpec()> m_importance; ///< of the means that are drawn
    bool m_meansShown = true;
    bool m_structural = true; ///< rows came or went: ranges may shrink
    bool m_userRange = false; ///< zoomed or panned by hand: ranges stay
};

} // namespace pikv::ui
