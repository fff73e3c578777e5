// SPDX-License-Identifier: GPL-3.0-or-later
// KL along the positions: curves, markers, cursor, and what the mouse reads off them.
#include "ui/nexttoken/positioncurves.h"
#include "ui/charts/chartticker.h"
#include "ui/charts/qcp.h"
#include "ui/models/metrictext.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/nexttoken/nexttokenmodel.h"
#include "ui/nexttoken/positionkeys.h"
#include "ui/theme/markerpath.h"
#include "ui/theme/methodstyle.h"
#include <QFontMetrics>
#include <QKeyEvent>
#include <algorithm>
#include <cmath>

namespace pikv::ui {
namespace {

constexpr double markerSize = 9;
constexpr int besideAxis = 90; ///< pixels that the other axis takes of a plot's width

/// The method's own marker, as a path: sharp in files.
QCPScatterStyle scatterOf(const MethodStyle& method, const ChartStyle& style)
{
    QCPScatterStyle scatter(markerPath(method.marker, markerSize * style.scale),
        QPen(method.color, pen::kLine * style.scale),
        isSolid(method.marker) ? QBrush(method.color) : QBrush(style.background), markerSize);
    return scatter;
}

/// Line and markers of one method's KL; a preview covers the first positions and the rest is of the earlier result.
void addCurve(QCustomPlot& plot, const NextTokenEntry& entry, int positions, const ChartStyle& style)
{
    const MethodStyle method = methodStyle(entry.method, style.dark);
    QCPGraph* line = plot.addGraph();
    QCPGraph* changed = plot.addGraph();
    line->setName(NextTokenModel::nameOf(entry.method));
    line->setPen(entry.isControl()
            ? QPen(staleColor(style.text, style, entry.stale), pen::kLine * style.scale, Qt::DotLine)
            : QPen(staleColor(method.color, style, entry.stale), pen::kLine * style.scale, method.line));
    line->setAntialiased(true);
    changed->setLineStyle(QCPGraph::lsNone);
    changed->setScatterStyle(scatterOf(method, style));
    changed->removeFromLegend();
    for (int i = 0; i < positions; ++i) {
        const NextTokenPosition* position = NextTokenModel::positionOf(entry, i);
        if (!position)
            continue;
        line->addData(i + 1, position->kl);
        if (position->topCompressed != position->topOriginal && entry.isMethod())
            changed->addData(i + 1, position->kl);
    }
}

void addCursor(QCustomPlot& plot, int position, const ChartStyle& style)
{
    auto* line = new QCPItemStraightLine(&plot);
    line->point1->setTypeX(QCPItemPosition::ptPlotCoords);
    line->point1->setCoords(position + 1, 1);
    line->point2->setCoords(position + 1, 2);
    line->setPen(QPen(style.highlight, pen::kBold * style.scale));
}

} // namespace

PositionCurves::PositionCurves(NextTokenController* controller, QWidget* parent)
    : CurvesChart(QStringLiteral("nextTokenCurves"), tr("KL along the positions"), {}, parent)
    , m_controller(controller)
{
    const auto later = [this] { scheduleRefresh(); };
    connect(controller, &NextTokenController::cursorChanged, this, later);
    connect(controller, &NextTokenController::stateChanged, this, later);
    connect(controller->figures(), &NextTokenModel::figuresChanged, this, later);
    refreshNow();
}

bool PositionCurves::hasData() const
{
    const auto& entries = m_controller->figures()->entries();
    return std::any_of(
        entries.begin(), entries.end(), [](const auto& entry) { return entry.isMethod() && entry.full; });
}

QString PositionCurves::emptyText() const
{
    const auto& entries = m_controller->figures()->entries();
    return std::any_of(entries.begin(), entries.end(), [](const auto& entry) { return entry.isMethod(); })
        ? tr("Scoring: the first curve comes with the first method's figures")
        : tr("Check a method on the left to see where it changes the next token");
}

void PositionCurves::setLog(bool log)
{
    m_log = log;
    refreshNow();
}

void PositionCurves::fill(QCustomPlot& plot, const ChartStyle& style, int width, bool onScreen) const
{
    const int positions = m_controller->figures()->positionCount();
    for (const NextTokenEntry& entry : m_controller->figures()->entries())
        if (!entry.method.isEmpty() && entry.full)
            addCurve(plot, entry, positions, style);
    const QString full = tr("Position behind the context (marked: another top token)");
    const bool fits = QFontMetrics(style.font).horizontalAdvance(full) <= width - besideAxis;
    plot.xAxis->setLabel(fits ? full : tr("Position (marked: another top token)"));
    plot.yAxis->setLabel(tr("KL (nats)"));
    plot.yAxis->setScaleType(m_log ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    plot.xAxis->setTicker(QSharedPointer<ChartTicker>::create(false, false));
    plot.yAxis->setTicker(QSharedPointer<ChartTicker>::create(m_log, false));
    bool found = false;
    QCPRange range(m_log ? 1e-6 : 0, m_log ? 1e-6 : 0);
    for (int i = 0; i < plot.graphCount(); ++i)
        if (const QCPRange one = plot.graph(i)->getValueRange(found, m_log ? QCP::sdPositive : QCP::sdBoth); found)
            range = range.upper > range.lower
                ? QCPRange(std::min(range.lower, one.lower), std::max(range.upper, one.upper))
                : one;
    if (m_log)
        plot.yAxis->setRange(std::max(range.lower, 1e-9) * 0.7, std::max(range.upper, 1e-8) * 1.5);
    else
        plot.yAxis->setRange(0, range.upper > 0 ? range.upper * 1.08 : 1);
    plot.xAxis->setRange(0.5, std::max(2, positions) + 0.5);
    if (onScreen && positions > 0)
        addCursor(plot, m_controller->cursor(), style);
}

QString PositionCurves::description() const
{
    QStringList parts;
    for (const NextTokenEntry& entry : m_controller->figures()->entries())
        if (const NextTokenPosition* position = NextTokenModel::positionOf(entry, m_controller->cursor());
            position && !entry.method.isEmpty())
            parts << QStringLiteral("%1 %2").arg(NextTokenModel::nameOf(entry.method), shortNumber(position->kl));
    return tr("Position %1: %2").arg(m_controller->cursor() + 1).arg(parts.join(QStringLiteral(", ")));
}

QPoint PositionCurves::pointOf(int position) const
{
    return QPointF(plot().xAxis->coordToPixel(position + 1), plot().axisRect()->center().y()).toPoint() + plot().pos();
}

int PositionCurves::positionAt(QPointF pixel) const
{
    const QPointF at = pixel - QPointF(plot().pos());
    if (!plot().axisRect()->rect().contains(at.toPoint()))
        return -1;
    const int position = int(std::lround(plot().xAxis->pixelToCoord(at.x()))) - 1;
    return position >= 0 && position < m_controller->figures()->positionCount() ? position : -1;
}

QString PositionCurves::tooltipOf(int position) const
{
    QString rows;
    for (const NextTokenEntry& entry : m_controller->figures()->entries()) {
        const NextTokenPosition* figures = NextTokenModel::positionOf(entry, position);
        if (!figures)
            continue;
        const QString top
            = m_controller->tokenText(entry.method.isEmpty() ? figures->topOriginal : figures->topCompressed);
        rows += tooltipRow(NextTokenModel::nameOf(entry.method),
            entry.method.isEmpty() ? top : tr("%1, KL %2 nats").arg(top, shortNumber(figures->kl)), false);
    }
    return QStringLiteral("<b>%1</b><table cellspacing=0>%2</table>").arg(tr("Position %1").arg(position + 1), rows);
}

void PositionCurves::mousePressEvent(QMouseEvent* event)
{
    if (const int position = positionAt(event->position()); position >= 0 && event->button() == Qt::LeftButton)
        m_controller->setCursor(position);
    else
        QWidget::mousePressEvent(event);
}

QString PositionCurves::tooltipAt(QPointF position) const
{
    const int index = positionAt(position);
    return index < 0 ? QString() : tooltipOf(index);
}

void PositionCurves::keyPressEvent(QKeyEvent* event)
{
    if (!moveByKey(*m_controller, *event))
        QWidget::keyPressEvent(event);
}

QString PositionCurves::chartTitle() const { return tr("KL along the positions"); }

} // namespace pikv::ui
