// SPDX-License-Identifier: GPL-3.0-or-later
// Axes, series, legend and title of the trade-off chart, on screen and on a sheet.
#include "ui/charts/tradeoffscene.h"
#include "ui/charts/axisvalue.h"
#include "ui/charts/brokenaxes.h"
#include "ui/charts/chartticker.h"
#include "ui/charts/meanseries.h"
#include "ui/charts/methodseries.h"
#include "ui/charts/qcpaxis.h"
#include "ui/charts/qcpsheet.h"
#include "ui/models/metrictext.h"

namespace pikv::ui {
namespace {

constexpr int kWide = 700; // pixels from which a legend column costs less than legend rows
constexpr double kTick = 5, kSubTick = 3; // pixels
enum Row { TitleRow, PlotRow, LegendRow };
constexpr double kNoStretch = 0.001; // empty rows and columns of the grid take no room

/// What the strip beyond a broken axis is labelled; empty where no point is drawn there.
QString breakLabel(const TradeoffData& data, bool ofX)
{
    QString label;
    for (const TradeoffPoint& point : data.visiblePoints()) {
        if (ofX ? !point.edgeX : !point.edgeY)
            continue;
        if ((ofX ? point.x : point.y) < 0)
            return QStringLiteral("≤ 0");
        label = QStringLiteral("0");
    }
    return label;
}

QCPRange toRange(const AxisSpan& span) { return { span.lower, span.upper }; }

} // namespace

TradeoffScene::TradeoffScene(QCustomPlot* plot)
    : m_plot(plot)
    , m_title(new QCPTextElement(plot))
{
    plot->addLayer("front", plot->layer("main"), QCustomPlot::limBelow);
    plot->addLayer("rings", plot->layer("main"), QCustomPlot::limAbove);
    plot->layer("rings")->setMode(QCPLayer::lmBuffered);
    m_front = new FrontSeries(plot->xAxis, plot->yAxis);
    m_front->setLayer("front");
    plot->addLayer("means", plot->layer("main"), QCustomPlot::limAbove);
    m_means = new MeanSeries(plot->xAxis, plot->yAxis);
    m_means->setLayer("means");
    m_breaks = new BrokenAxes(plot->xAxis, plot->yAxis);
    m_breaks->setLayer("front");
    m_rings = new RingSeries(plot->xAxis, plot->yAxis);
    m_rings->setLayer("rings");
    auto* layout = plot->plotLayout();
    layout->insertRow(TitleRow);
    m_title->setVisible(false);
    plot->legend->setVisible(true);
    plot->legend->setFillOrder(QCPLayoutGrid::foColumnsFirst);
    layout->expandTo(LegendRow + 1, 2);
    layout->setRowStretchFactors({ kNoStretch, 1, kNoStretch });
    layout->setColumnStretchFactors({ 1, kNoStretch });
    m_side = new QCPLayoutGrid;
    layout->addElement(PlotRow, 1, m_side);
    m_side->addElement(0, 0, plot->legend);
    m_side->addElement(1, 0, new QCPLayoutElement(plot)); // takes the height that a legend beside the data leaves
    m_side->setRowStretchFactors({ kNoStretch, 1 });
    layout->setRowSpacing(2);
    layout->setColumnSpacing(0);
    plot->axisRect()->setupFullAxesBox();
    plot->axisRect()->setMinimumSize(120, 80);
    plot->axisRect()->setMinimumMargins({ 10, 8, 12, 6 });
    for (QCPAxis* axis : { plot->xAxis2, plot->yAxis2 }) {
        axis->setTicks(false);
        axis->setTickLabels(false);
    }
    for (QCPAxis* axis : { plot->xAxis, plot->yAxis }) {
        const bool ofX = axis == plot->xAxis;
        QObject::connect(axis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), plot,
            [this, axis, ofX] { limitZoom(axis, ofX); });
    }
}

void TradeoffScene::setData(const TradeoffData& data, const TradeoffAxes& axes)
{
    m_data = data;
    m_axes = axes;
    applyAxis(m_plot->xAxis, *axes.x, axes.logX, data.brokenX);
    applyAxis(m_plot->yAxis, *axes.y, axes.logY, data.brokenY);
    applySeries();
}

void TradeoffScene::applyAxis(QCPAxis* axis, const MetricInfo& metric, bool log, bool broken)
{
    axis->setLabel(axisTitle(metric, log));
    const auto scale = log ? QCPAxis::stLogarithmic : QCPAxis::stLinear;
    if (axis->scaleType() != scale)
        axis->setScaleType(scale);
    axis->setTicker(QSharedPointer<ChartTicker>::create(log, metric.unit == "bytes", log && broken ? kBreakStrip : 0));
}

void TradeoffScene::applySeries()
{
    while (m_series.size() > m_data.series.size())
        m_plot->removePlottable(m_series.takeLast());
    while (m_series.size() < m_data.series.size())
        m_series << new MethodSeries(m_plot->xAxis, m_plot->yAxis);
    const QPointF whole(m_data.brokenX ? kBreakStrip : 0, m_data.brokenY ? kBreakStrip : 0);
    for (qsizetype i = 0; i < m_series.size(); ++i)
        m_series[i]->set(m_data.series[i], whole, m_style);
    m_front->set(m_data.front, m_style);
    m_means->set(m_data.means, whole, m_style);
    m_breaks->set(breakLabel(m_data, true), breakLabel(m_data, false), m_style);
    setRings(m_selected, m_cursor);
    fillLegend();
    applyLegendStyle();
}

void TradeoffScene::fillLegend()
{
    QList<QCPAbstractPlottable*> last; // behind the methods
    if (m_data.front.size() > 1)
        last << m_front;
    if (!m_data.means.isEmpty())
        last << m_means;
    const qsizetype wanted = m_series.size() + last.size();
    bool isThere = m_plot->legend->itemCount() == wanted;
    for (qsizetype i = 0; i < last.size() && isThere; ++i)
        isThere = m_plot->legend->item(int(m_series.size() + i)) == m_plot->legend->itemWithPlottable(last[i]);
    if (isThere)
        return;
    m_plot->legend->clearItems(); // a grid with holes, when single entries are taken out of it
    for (MethodSeries* series : std::as_const(m_series))
        series->addToLegend();
    for (QCPAbstractPlottable* one : std::as_const(last))
        one->addToLegend();
}

void TradeoffScene::setRings(const QList<TradeoffPoint>& selected, const std::optional<TradeoffPoint>& cursor)
{
    m_selected = selected;
    m_cursor = cursor;
    m_rings->set(selected, cursor, m_style);
}

void TradeoffScene::setStyle(const ChartStyle& style, const QString& title)
{
    m_style = style;
    m_titleText = title;
    m_plot->setBackground(QBrush(style.background));
    for (QCPAxis* axis : { m_plot->xAxis, m_plot->yAxis, m_plot->xAxis2, m_plot->yAxis2 }) {
        styleAxis(*axis, style);
        axis->setTickLength(qRound(kTick * style.scale), 0);
        axis->setSubTickLength(qRound(kSubTick * style.scale), 0);
        axis->grid()->setZeroLinePen(Qt::NoPen);
    }
    m_title->setText(title);
    m_title->setFont(style.titleFont);
    m_title->setTextColor(style.text);
    auto* layout = m_plot->plotLayout();
    if (title.isEmpty() == (m_title->layout() != nullptr)) {
        m_title->setVisible(!title.isEmpty());
        title.isEmpty() ? void(layout->take(m_title)) : void(layout->addElement(TitleRow, 0, m_title));
    }
    applySeries();
}

void TradeoffScene::applyLegendStyle()
{
    QCPLegend* legend = m_plot->legend;
    legend->setBrush(Qt::NoBrush);
    legend->setBorderPen(Qt::NoPen);
    legend->setFont(m_style.font);
    legend->setTextColor(m_style.text);
    legend->setIconSize(qRound(26 * m_style.scale), qRound(15 * m_style.scale));
    for (qsizetype i = 0; i < m_series.size(); ++i) {
        if (auto* item = legend->itemWithPlottable(m_series[i])) {
            QFont font = m_style.font;
            font.setStrikeOut(m_data.series[i].hidden);
            item->setFont(font);
            item->setTextColor(m_data.series[i].hidden ? m_style.muted : m_style.text);
        }
    }
    for (QCPAbstractPlottable* one : std::initializer_list<QCPAbstractPlottable*> { m_front, m_means }) {
        if (auto* item = legend->itemWithPlottable(one)) {
            item->setFont(m_style.font);
            item->setTextColor(m_style.text);
        }
    }
}

void TradeoffScene::placeLegend(QSize chart)
{
    auto* layout = m_plot->plotLayout();
    QCPLegend* legend = m_plot->legend;
    const bool empty = legend->itemCount() == 0; // its largest size is nothing, which must not bind the data's column
    const bool beside = chart.width() >= kWide || empty;
    const int wrap = beside ? 1 : legendColumns(*m_plot, chart.width());
    if (legend->wrap() != wrap) {
        legend->setWrap(wrap);
        legend->setFillOrder(QCPLayoutGrid::foColumnsFirst, true); // moves what is there
    }
    QCPLayoutGrid* home = beside ? m_side : layout;
    if (legend->layout() != home) {
        legend->layout()->take(legend);
        home->addElement(beside ? 0 : LegendRow, 0, legend);
    }
    legend->setMargins(beside ? QMargins(4, 8, 8, 8) : QMargins(8, 0, 8, 4));
}

void TradeoffScene::fit(bool growOnly)
{
    for (QCPAxis* axis : { m_plot->xAxis, m_plot->yAxis }) {
        const bool ofX = axis == m_plot->xAxis, log = ofX ? m_axes.logX : m_axes.logY;
        const QCPRange wanted = toRange(fittedSpan(m_data, ofX, log));
        const QCPRange now = axis->range();
        const QCPRange tight = toRange(dataSpan(m_data, ofX, log));
        const bool broken = log && (ofX ? m_data.brokenX : m_data.brokenY);
        const double first = broken ? now.lower * std::pow(now.upper / now.lower, kBreakStrip) : now.lower;
        const bool keepLower = growOnly && now.contains(tight.lower) && tight.lower >= first,
                   keepUpper = growOnly && now.contains(tight.upper);
        axis->setRange(keepLower ? now.lower : wanted.lower, keepUpper ? now.upper : wanted.upper);
    }
}

void TradeoffScene::limitZoom(QCPAxis* axis, bool ofX)
{
    const bool log = axis->scaleType() == QCPAxis::stLogarithmic;
    const QCPRange full = toRange(fittedSpan(m_data, ofX, log)), now = axis->range();
    const auto extent = [log](const QCPRange& r) { return log ? std::log10(r.upper / r.lower) : r.size(); };
    const double least = log ? 0.02 : extent(full) * 1e-3, most = log ? extent(full) + 8 : extent(full) * 50;
    const double size = extent(now);
    if (size >= least * 0.999 && size <= most * 1.001)
        return;
    const double half = (size < least ? least : most) / 2;
    if (log) {
        const double middle = std::sqrt(now.lower * now.upper);
        axis->setRange(middle * std::pow(10, -half), middle * std::pow(10, half));
    } else {
        axis->setRange(now.center() - half, now.center() + half);
    }
}

void TradeoffScene::zoom(double factor)
{
    for (QCPAxis* axis : { m_plot->xAxis, m_plot->yAxis })
        axis->scaleRange(factor);
}

QPointF TradeoffScene::pixelOf(const TradeoffPoint& point) const
{
    return pointPixel(*m_plot->xAxis, *m_plot->yAxis, point);
}

QRectF TradeoffScene::area() const { return m_plot->axisRect()->rect(); }

QString TradeoffScene::methodOf(QCPAbstractLegendItem* item) const
{
    for (qsizetype i = 0; i < m_series.size(); ++i) {
        if (m_plot->legend->itemWithPlottable(m_series[i]) == item)
            return m_data.series[i].method;
    }
    return {};
}

void TradeoffScene::paint(const ChartSheet& sheet)
{
    const ChartStyle screen = m_style;
    const QString title = m_titleText;
    setStyle(sheet.style, sheet.title);
    placeLegend(sheet.size);
    paintPlot(*m_plot, sheet);
    setStyle(screen, title);
    placeLegend(m_plot->size());
    m_plot->replot(QCustomPlot::rpQueuedReplot); // puts the layout back for hit tests; pixels stay as they were
}

void TradeoffScene::replot() { m_plot->replot(QCustomPlot::rpQueuedReplot); }

void TradeoffScene::replotRings() { m_plot->layer("rings")->replot(); }

} // namespace pikv::ui
