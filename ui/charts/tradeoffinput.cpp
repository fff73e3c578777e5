// SPDX-License-Identifier: GPL-3.0-or-later
// Mouse, keys and selection of the trade-off chart.
#include "ui/charts/qcp.h"
#include "ui/charts/tradeoffchart.h"
#include "ui/charts/tradeoffscene.h"
#include "ui/models/metrictext.h"
#include <QAccessible>
#include <QItemSelectionModel>
#include <QKeyEvent>
#include <QToolTip>

namespace pikv::ui {
namespace {

constexpr qreal kReach = 14; // pixels from which a point is hit

} // namespace

void TradeoffChart::connectMouse()
{
    m_plot->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
    m_plot->setMouseTracking(true);
    m_plot->installEventFilter(this);
    connect(m_plot, &QCustomPlot::mousePress, this, [this](QMouseEvent* event) {
        m_pressed = event->pos();
        const bool rubberBand = event->modifiers() & Qt::ShiftModifier;
        m_plot->setSelectionRectMode(rubberBand ? QCP::srmCustom : QCP::srmNone);
    });
    connect(m_plot, &QCustomPlot::mouseMove, this, [this](QMouseEvent* event) {
        if (event->buttons() == Qt::NoButton)
            hover(event->pos());
        else if ((event->buttons() & Qt::LeftButton) && !(event->modifiers() & Qt::ShiftModifier)
            && (event->pos() - m_pressed).manhattanLength() >= QApplication::startDragDistance())
            m_userRange = true;
    });
    connect(m_plot, &QCustomPlot::mouseRelease, this, [this](QMouseEvent* event) {
        const bool moved = (event->pos() - m_pressed).manhattanLength() >= QApplication::startDragDistance();
        if (event->button() == Qt::LeftButton && !moved)
            click(event->pos(), event->modifiers());
    });
    connect(m_plot, &QCustomPlot::mouseWheel, this, [this] { m_userRange = true; });
    connect(m_plot, &QCustomPlot::mouseDoubleClick, this, [this](QMouseEvent* event) {
        if (m_scene->area().contains(event->pos()))
            fit();
    });
    connect(m_plot, &QCustomPlot::legendClick, this,
        [this](QCPLegend*, QCPAbstractLegendItem* item, QMouseEvent*) { toggleLegend(item); });
    connect(m_plot->selectionRect(), &QCPSelectionRect::accepted, this,
        [this](const QRect& rectangle, QMouseEvent* event) { selectInside(rectangle, event->modifiers()); });
}

bool TradeoffChart::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_plot && event->type() == QEvent::Leave && !hasFocus())
        setCursorRow(-1);
    return QWidget::eventFilter(watched, event);
}

void TradeoffChart::focusOutEvent(QFocusEvent* event)
{
    QWidget::focusOutEvent(event);
    setCursorRow(-1);
}

int TradeoffChart::rowAt(QPointF position) const
{
    const QPointF at = position - m_plot->pos();
    const QRectF inside = m_scene->area().adjusted(-1, -1, 1, 1);
    int found = -1;
    qreal nearest = kReach;
    for (const TradeoffPoint& point : visiblePoints()) {
        const QPointF pixel = m_scene->pixelOf(point);
        const qreal distance = QLineF(pixel, at).length();
        if (distance <= nearest && inside.contains(pixel)) {
            nearest = distance;
            found = point.row;
        }
    }
    return found;
}

void TradeoffChart::hover(QPoint position)
{
    const int row = rowAt(position + m_plot->pos());
    if (row == cursorRow() && (row >= 0) == QToolTip::isVisible())
        return;
    setCursorRow(row);
    row >= 0 ? showTooltip(row, m_plot->mapToGlobal(position)) : QToolTip::hideText();
}

void TradeoffChart::showTooltip(int row, QPoint globalPosition)
{
    const QString label = m_model->index(row, ResultsModel::MethodColumn).data().toString();
    QToolTip::showText(globalPosition, resultTooltip(*m_model->row(row).result, label, m_axes.x, m_axes.y), this);
}

void TradeoffChart::click(QPoint position, Qt::KeyboardModifiers modifiers)
{
    if (!m_scene->area().contains(position))
        return;
    const int row = rowAt(position + m_plot->pos());
    if (row >= 0)
        selectRows({ row }, modifiers);
    else if (!(modifiers & (Qt::ControlModifier | Qt::ShiftModifier)))
        m_selection->clearSelection();
}

void TradeoffChart::selectRows(const QList<int>& rows, Qt::KeyboardModifiers modifiers)
{
    QItemSelection selection;
    for (const int row : rows)
        selection.select(m_model->index(row, 0), m_model->index(row, m_model->columnCount() - 1));
    const bool toggle = modifiers & Qt::ControlModifier;
    const auto how = !toggle ? QItemSelectionModel::ClearAndSelect
        : rows.size() == 1   ? QItemSelectionModel::Toggle
                             : QItemSelectionModel::Select;
    m_selection->select(selection, how | QItemSelectionModel::Rows);
    if (!rows.isEmpty())
        m_selection->setCurrentIndex(m_model->index(rows.last(), 0), QItemSelectionModel::NoUpdate);
}

void TradeoffChart::selectInside(const QRect& rectangle, Qt::KeyboardModifiers modifiers)
{
    QList<int> rows;
    for (const TradeoffPoint& point : visiblePoints()) {
        if (rectangle.contains(m_scene->pixelOf(point).toPoint()))
            rows << point.row;
    }
    selectRows(rows, modifiers);
}

void TradeoffChart::toggleLegend(QCPAbstractLegendItem* item)
{
    const QString method = m_scene->methodOf(item);
    if (!method.isEmpty())
        setMethodHidden(method, !m_hidden.contains(method));
}

void TradeoffChart::setCursorRow(int row)
{
    if (row == cursorRow())
        return;
    m_cursor = row >= 0 ? m_model->index(row, 0) : QModelIndex();
    updateRings();
}

void TradeoffChart::moveCursor(int key)
{
    QList<TradeoffPoint> points = visiblePoints();
    if (points.isEmpty())
        return;
    const bool across = key == Qt::Key_Left || key == Qt::Key_Right || key == Qt::Key_Home || key == Qt::Key_End;
    std::stable_sort(points.begin(), points.end(), [&](const auto& a, const auto& b) {
        const QPointF p = m_scene->pixelOf(a), q = m_scene->pixelOf(b);
        return across ? std::pair(p.x(), p.y()) < std::pair(q.x(), q.y())
                      : std::pair(p.y(), p.x()) < std::pair(q.y(), q.x());
    });
    const auto here
        = std::find_if(points.begin(), points.end(), [this](const auto& p) { return p.row == cursorRow(); });
    qsizetype at = here - points.begin();
    const bool forward = key == Qt::Key_Right || key == Qt::Key_Down;
    if (key == Qt::Key_Home || key == Qt::Key_End)
        at = key == Qt::Key_Home ? 0 : points.size() - 1;
    else if (here == points.end())
        at = forward ? 0 : points.size() - 1;
    else
        at = std::clamp<qsizetype>(at + (forward ? 1 : -1), 0, points.size() - 1);
    const TradeoffPoint& point = points[at];
    setCursorRow(point.row);
    showTooltip(point.row, m_plot->mapToGlobal(m_scene->pixelOf(point).toPoint()));
    const QString label = m_model->index(point.row, ResultsModel::MethodColumn).data().toString();
    setAccessibleDescription(resultSentence(*m_model->row(point.row).result, label, *m_axes.x, *m_axes.y));
    QAccessibleEvent changed(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&changed);
}

void TradeoffChart::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Right:
    case Qt::Key_Up:
    case Qt::Key_Down:
    case Qt::Key_Home:
    case Qt::Key_End:
        return moveCursor(event->key());
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
        if (m_cursor.isValid())
            return selectRows({ cursorRow() }, event->modifiers());
        break;
    case Qt::Key_Plus:
    case Qt::Key_Minus:
        m_userRange = true;
        m_scene->zoom(event->key() == Qt::Key_Plus ? 0.8 : 1.25);
        return m_scene->replot();
    case Qt::Key_0:
        return fit();
    case Qt::Key_Escape:
        setCursorRow(-1);
        return m_selection->clearSelection();
    default:
        break;
    }
    QWidget::keyPressEvent(event);
}

} // namespace pikv::ui
