// SPDX-License-Identifier: GPL-3.0-or-later
// The training's curves: their pens, ranges and texts.
#include "ui/charts/trainingchart.h"
#include "ui/charts/chartticker.h"
#include "ui/charts/qcp.h"
#include "ui/models/trainingrun.h"
#include "ui/theme/methodstyle.h"
#include <algorithm>

namespace pikv::ui {
namespace {

constexpr double reach = 16; ///< pixels from the mouse to a point that it means
constexpr double markerSize = 6;

/// Blue and orange, which keep apart for every kind of colour vision; values are dashed as well.
QPen penOf(const TrainingCurve& curve, const ChartStyle& style)
{
    const bool keys = curve.name == QLatin1String("keys");
    return { methodStyle(keys ? QStringLiteral("recompute") : QStringLiteral("lora"), style.dark).color,
        pen::kBold * style.scale, keys ? Qt::SolidLine : Qt::DashLine };
}

QCPGraph* addCurve(QCustomPlot& plot, const TrainingCurve& curve, const QPen& pen)
{
    QCPGraph* graph = plot.addGraph();
    graph->setPen(pen);
    graph->setAntialiased(true);
    for (const QPointF& point : curve.points)
        graph->addData(point.x(), point.y());
    return graph;
}

void fitAxes(QCustomPlot& plot, const QVector<TrainingCurve>& curves, bool log)
{
    double steps = 10, least = 1e300, most = 0;
    for (const TrainingCurve& curve : curves)
        for (const QPointF& point : curve.points) {
            steps = std::max(steps, point.x());
            most = std::max(most, point.y());
            if (point.y() > 0)
                least = std::min(least, point.y());
        }
    plot.xAxis->setRange(-0.015 * steps, steps * 1.015);
    if (!(most > 0))
        plot.yAxis->setRange(log ? 1e-3 : 0, 1);
    else if (log)
        plot.yAxis->setRange(least * 0.8, most * 1.25);
    else
        plot.yAxis->setRange(0, most * 1.08);
}

} // namespace

TrainingChart::TrainingChart(TrainingRun* run, QWidget* parent)
    : CurvesChart(QStringLiteral("trainingChart"), tr("Training chart"),
        tr("Check MiniLLM, or learn a calibration with it, to watch its loss fall while it trains"), parent)
    , m_run(run)
{
    connect(run, &TrainingRun::changed, this, [this] { scheduleRefresh(); });
    refreshNow();
}

void TrainingChart::setLog(bool log)
{
    m_log = log;
    refreshNow();
}

void TrainingChart::fill(QCustomPlot& plot, const ChartStyle& style, int, bool) const
{
    bool faintNamed = false;
    for (const TrainingCurve& curve : m_run->curves()) {
        if (curve.layer == m_run->layer())
            continue;
        QPen faint = penOf(curve, style);
        faint.setColor(blend(faint.color(), style.background, share::kBehind));
        faint.setWidthF(pen::kFine * style.scale);
        QCPGraph* graph = addCurve(plot, curve, faint);
        graph->setName(tr("earlier layers"));
        if (std::exchange(faintNamed, true))
            graph->removeFromLegend();
    }
    for (const TrainingCurve& curve : m_run->current()) {
        QCPGraph* graph = addCurve(plot, curve, penOf(curve, style));
        graph->setName(curve.name);
        graph->setScatterStyle({ QCPScatterStyle::ssDisc, graph->pen().color(), markerSize * style.scale });
    }
    plot.xAxis->setLabel(tr("Training step"));
    plot.yAxis->setLabel(tr("Loss (error energy / signal energy)"));
    plot.yAxis->setScaleType(m_log ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    plot.xAxis->setTicker(QSharedPointer<ChartTicker>::create(false, false));
    plot.yAxis->setTicker(QSharedPointer<ChartTicker>::create(m_log, false));
    fitAxes(plot, m_run->curves(), m_log);
}

bool TrainingChart::hasData() const { return !m_run->curves().isEmpty(); }

QString TrainingChart::description() const { return m_run->title() + QStringLiteral("; ") + m_run->summary(); }

QString TrainingChart::tooltipAt(QPointF position) const
{
    const QPointF mouse = position - QPointF(plot().pos());
    double nearest = reach;
    QString text;
    for (const TrainingCurve& curve : m_run->curves())
        for (const QPointF& point : curve.points) {
            const QPointF at(plot().xAxis->coordToPixel(point.x()), plot().yAxis->coordToPixel(point.y()));
            const double distance = QLineF(at, mouse).length();
            if (distance >= nearest)
                continue;
            nearest = distance;
            text = tr("Layer %1, %2: loss %3 after %4 steps")
                       .arg(curve.layer + 1)
                       .arg(curve.name, QLocale().toString(point.y(), 'g', 4))
                       .arg(int(point.x()));
        }
    return text;
}

QString TrainingChart::chartTitle() const
{
    const QString what = m_run->title();
    return what.isEmpty() ? tr("Training loss") : tr("Training loss: %1").arg(what);
}

} // namespace pikv::ui
