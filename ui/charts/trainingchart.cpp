// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/trainingchart.h"
#include "ui/charts/chartticker.h"
#include "ui/charts/emptyhint.h"
#include "ui/charts/qcp.h"
#include "ui/charts/qcpaxis.h"
#include "ui/charts/qcpsheet.h"
#include "ui/charts/refreshtimer.h"
#include "ui/models/trainingrun.h"
#include "ui/theme/methodstyle.h"
#include <QMouseEvent>
#include <QToolTip>
#include <QVBoxLayout>
#include <algorithm>

namespace pikv::ui {
namespace {

constexpr double reach = 16; ///< pixels from the mouse to a point that it means
constexpr int namesALine = 4;

/// Blue and orange, which keep apart for every kind of colour vision; values are dashed as well.
QPen penOf(const TrainingCurve& curve, const ChartStyle& style)
{
    const bool keys = curve.name == QLatin1String("keys");
    return { methodStyle(keys ? QStringLiteral("recompute") : QStringLiteral("lora"), style.dark).color,
        2 * style.scale, keys ? Qt::SolidLine : Qt::DashLine };
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
    : QWidget(parent)
    , m_run(run)
    , m_plot(new QCustomPlot(this))
{
    setObjectName(QStringLiteral("trainingChart"));
    setAccessibleName(tr("Training chart"));
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    m_plot->setFocusPolicy(Qt::NoFocus);
    m_plot->setAttribute(Qt::WA_TransparentForMouseEvents); // this widget has the mouse
    putLegendAbove(*m_plot, namesALine);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_plot);
    m_empty = new EmptyHint(tr("Check MiniLLM, or learn a calibration with it, to watch its loss fall while it trains"),
        QStringLiteral("trainingEmpty"), this);
    m_refresh = new RefreshTimer(this, [this] { refreshNow(); });
    connect(run, &TrainingRun::changed, this, [this] { m_refresh->schedule(); });
    refreshNow();
}

void TrainingChart::setLog(bool log)
{
    m_log = log;
    refreshNow();
}

void TrainingChart::fill(QCustomPlot& plot, const ChartStyle& style) const
{
    plot.clearGraphs();
    stylePlot(plot, style);
    bool faintNamed = false;
    for (const TrainingCurve& curve : m_run->curves()) {
        if (curve.layer == m_run->layer())
            continue;
        QPen pen = penOf(curve, style);
        pen.setColor(blend(pen.color(), style.background, 0.3));
        pen.setWidthF(style.scale);
        QCPGraph* graph = addCurve(plot, curve, pen);
        graph->setName(tr("earlier layers"));
        if (std::exchange(faintNamed, true))
            graph->removeFromLegend();
    }
    for (const TrainingCurve& curve : m_run->current()) {
        QCPGraph* graph = addCurve(plot, curve, penOf(curve, style));
        graph->setName(curve.name);
        graph->setScatterStyle({ QCPScatterStyle::ssDisc, graph->pen().color(), 6 * style.scale });
    }
    for (QCPAxis* axis : { plot.xAxis, plot.yAxis })
        styleAxis(*axis, style);
    plot.xAxis->setLabel(tr("Training step"));
    plot.yAxis->setLabel(tr("Loss (error energy / signal energy)"));
    plot.yAxis->setScaleType(m_log ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    plot.xAxis->setTicker(QSharedPointer<ChartTicker>::create(false, false));
    plot.yAxis->setTicker(QSharedPointer<ChartTicker>::create(m_log, false));
    fitAxes(plot, m_run->curves(), m_log);
}

void TrainingChart::refreshNow()
{
    m_refresh->cancel();
    fill(*m_plot, screenStyle(palette(), font()));
    m_empty->setVisible(m_run->curves().isEmpty());
    setAccessibleDescription(
        m_run->curves().isEmpty() ? m_empty->text() : m_run->title() + QStringLiteral("; ") + m_run->summary());
    if (isVisible()) // else it has no size yet; it is drawn when it gets one
        m_plot->replot(QCustomPlot::rpQueuedReplot);
}

QString TrainingChart::tooltipAt(QPointF pixel) const
{
    const QPointF mouse = pixel - QPointF(m_plot->pos());
    double nearest = reach;
    QString text;
    for (const TrainingCurve& curve : m_run->curves())
        for (const QPointF& point : curve.points) {
            const QPointF at(m_plot->xAxis->coordToPixel(point.x()), m_plot->yAxis->coordToPixel(point.y()));
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

void TrainingChart::mouseMoveEvent(QMouseEvent* event)
{
    const QString text = tooltipAt(event->position());
    text.isEmpty() ? QToolTip::hideText() : QToolTip::showText(event->globalPosition().toPoint(), text, this);
}

void TrainingChart::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)
        refreshNow();
}

QString TrainingChart::chartTitle() const
{
    const QString what = m_run->title();
    return what.isEmpty() ? tr("Training loss") : tr("Training loss: %1").arg(what);
}

void TrainingChart::paintChart(const ChartSheet& sheet)
{
    QCustomPlot plot;
    putLegendAbove(plot, namesALine);
    fill(plot, sheet.style);
    addPlotTitle(plot, sheet.title, sheet.style);
    paintPlot(plot, sheet);
}

} // namespace pikv::ui
