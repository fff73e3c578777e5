// SPDX-License-Identifier: GPL-3.0-or-later
// Mouse of the trade-off chart, and the order in which the keys visit its points.
#include "ui/charts/tradeoffpointer.h"
#include "ui/charts/qcp.h"
#include "ui/charts/tradeoffscene.h"
#include <QApplication>
#include <QMouseEvent>

namespace pikv::ui {
namespace {

constexpr qreal kReach = 14; // pixels from which a point is hit

} // namespace

TradeoffPointer::TradeoffPointer(
    QCustomPlot* plot, const TradeoffScene* scene, const TradeoffData* data, QObject* parent)
    : QObject(parent)
    , m_plot(plot)
    , m_scene(scene)
    , m_data(data)
{
    plot->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
    plot->setMouseTracking(true);
    plot->installEventFilter(this);
    connect(plot, &QCustomPlot::mousePress, this, [this](QMouseEvent* event) { press(*event); });
    connect(plot, &QCustomPlot::mouseMove, this, [this](QMouseEvent* event) { move(*event); });
    connect(plot, &QCustomPlot::mouseRelease, this, [this](QMouseEvent* event) { release(*event); });
    connect(plot, &QCustomPlot::mouseWheel, this, &TradeoffPointer::rangeTaken);
    connect(plot, &QCustomPlot::mouseDoubleClick, this, [this](QMouseEvent* event) {
        if (m_scene->area().contains(event->pos()))
            Q_EMIT doubleClicked();
    });
    connect(plot, &QCustomPlot::legendClick, this, [this](QCPLegend*, QCPAbstractLegendItem* item, QMouseEvent*) {
        if (const QString method = m_scene->methodOf(item); !method.isEmpty())
            Q_EMIT legendClicked(method);
    });
    connect(plot->selectionRect(), &QCPSelectionRect::accepted, this,
        [this](const QRect& rectangle, QMouseEvent* event) { surround(rectangle, event->modifiers()); });
}

bool TradeoffPointer::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::Leave)
        Q_EMIT left();
    return QObject::eventFilter(watched, event);
}

void TradeoffPointer::press(const QMouseEvent& event)
{
    m_pressed = event.pos();
    const bool rubberBand = event.modifiers() & Qt::ShiftModifier;
    m_plot->setSelectionRectMode(rubberBand ? QCP::srmCustom : QCP::srmNone);
}

void TradeoffPointer::move(const QMouseEvent& event)
{
    const bool moved = (event.pos() - m_pressed).manhattanLength() >= QApplication::startDragDistance();
    if (event.buttons() == Qt::NoButton)
        Q_EMIT hovered(rowAt(event.pos()), event.globalPosition().toPoint());
    else if ((event.buttons() & Qt::LeftButton) && !(event.modifiers() & Qt::ShiftModifier) && moved)
        Q_EMIT rangeTaken();
}

void TradeoffPointer::release(const QMouseEvent& event)
{
    const bool moved = (event.pos() - m_pressed).manhattanLength() >= QApplication::startDragDistance();
    if (event.button() == Qt::LeftButton && !moved && m_scene->area().contains(event.pos()))
        Q_EMIT clicked(rowAt(event.pos()), event.modifiers());
}

void TradeoffPointer::surround(const QRect& rectangle, Qt::KeyboardModifiers modifiers)
{
    QList<int> rows;
    for (const TradeoffPoint& point : m_data->visiblePoints()) {
        if (rectangle.contains(m_scene->pixelOf(point).toPoint()))
            rows << point.row;
    }
    Q_EMIT surrounded(rows, modifiers);
    // QCustomPlot takes the rectangle off its layer without drawing it again.
    QMetaObject::invokeMethod(
        m_plot, [plot = m_plot] { plot->replot(QCustomPlot::rpQueuedReplot); }, Qt::QueuedConnection);
}

int TradeoffPointer::rowAt(QPointF position) const
{
    const QRectF inside = m_scene->area().adjusted(-1, -1, 1, 1);
    int found = -1;
    qreal nearest = kReach;
    for (const TradeoffPoint& point : m_data->visiblePoints()) {
        const QPointF pixel = m_scene->pixelOf(point);
        const qreal distance = QLineF(pixel, position).length();
        if (distance <= nearest && inside.contains(pixel)) {
            nearest = distance;
            found = point.row;
        }
    }
    return found;
}

int TradeoffPointer::rowBeside(int row, int key) const
{
    QList<TradeoffPoint> points = m_data->visiblePoints();
    if (points.isEmpty())
        return -1;
    const bool across = key == Qt::Key_Left || key == Qt::Key_Right || key == Qt::Key_Home || key == Qt::Key_End;
    std::stable_sort(points.begin(), points.end(), [&](const auto& a, const auto& b) {
        const QPointF p = m_scene->pixelOf(a), q = m_scene->pixelOf(b);
        return across ? std::pair(p.x(), p.y()) < std::pair(q.x(), q.y())
                      : std::pair(p.y(), p.x()) < std::pair(q.y(), q.x());
    });
    const auto here = std::find_if(points.begin(), points.end(), [row](const auto& p) { return p.row == row; });
    const bool forward = key == Qt::Key_Right || key == Qt::Key_Down;
    qsizetype at = here - points.begin();
    if (key == Qt::Key_Home || key == Qt::Key_End)
        at = key == Qt::Key_Home ? 0 : points.size() - 1;
    else if (here == points.end())
        at = forward ? 0 : points.size() - 1;
    else
        at = std::clamp<qsizetype>(at + (forward ? 1 : -1), 0, points.size() - 1);
    return points[at].row;
}

} // namespace pikv::ui
