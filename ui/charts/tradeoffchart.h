// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/tradeoffdata.h"
#include "ui/export/chartsource.h"
#include <QPersistentModelIndex>
#include <QWidget>
#include <memory>

class QCustomPlot;
class QCPAbstractLegendItem;
class QItemSelectionModel;

namespace pikv::ui {

class EmptyHint;
class RefreshTimer;
class TradeoffScene;

/// Results as points, size against quality. Hover shows all figures; click, Shift-drag or arrow keys and Enter select;
/// wheel zooms, drag pans, double-click fits; a click on a legend entry hides its method.
class TradeoffChart : public QWidget, public ChartSource {
    Q_OBJECT
public:
    /// Selects and shows selected rows of `model` in `selection`.
    TradeoffChart(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);
    ~TradeoffChart() override;

    void setAxes(const TradeoffAxes& axes);
    const TradeoffAxes& axes() const { return m_axes; }
    QStringList hiddenMethods() const { return { m_hidden.begin(), m_hidden.end() }; }
    void setMethodHidden(const QString& method, bool hidden);
    const TradeoffData& data() const { return m_data; }

    /// Shows all points again after zooming.
    void fit();
    /// Brings the chart up to date at once instead of with the next frame.
    void refreshNow();
    /// Row of the point nearest to `position` within reach of a pointer, else -1.
    int rowAt(QPointF position) const;
    /// Where a row's point is, in pixels of this widget; the row has to be shown.
    QPointF positionOf(int row) const;
    /// The rectangle of the data.
    QRectF plotArea() const;
    int cursorRow() const { return m_cursor.row(); }

    QString chartTitle() const override;
    void paintChart(const ChartSheet& sheet) override;

Q_SIGNALS:
    void notesChanged(const QStringList& notes);
    void hiddenMethodsChanged();

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    void connectModel();
    void connectMouse();
    void schedule(bool structural);
    void setRings();
    void updateRings();
    void updateDescription();
    void restyle();
    QList<TradeoffPoint> visiblePoints() const;
    const TradeoffPoint* pointOf(int row) const;

    void hover(QPoint position);
    void click(QPoint position, Qt::KeyboardModifiers modifiers);
    void selectRows(const QList<int>& rows, Qt::KeyboardModifiers modifiers);
    void selectInside(const QRect& rectangle, Qt::KeyboardModifiers modifiers);
    void moveCursor(int key);
    void setCursorRow(int row);
    void showTooltip(int row, QPoint globalPosition);
    void toggleLegend(QCPAbstractLegendItem* item);

    ResultsModel* m_model;
    QItemSelectionModel* m_selection;
    QCustomPlot* m_plot;
    std::unique_ptr<TradeoffScene> m_scene;
    EmptyHint* m_empty;
    RefreshTimer* m_refresh;
    TradeoffAxes m_axes;
    TradeoffData m_data;
    QSet<QString> m_hidden;
    QPersistentModelIndex m_cursor;
    QPoint m_pressed;
    bool m_structural = true; ///< rows came or went: ranges may shrink
    bool m_userRange = false; ///< zoomed or panned by hand: ranges stay
};

} // namespace pikv::ui
