// SPDX-License-Identifier: GPL-3.0-or-later
// The trade-off chart: what it shows when, its selection and its keys. TradeoffScene draws, TradeoffPointer has the
// mouse, tradeoffdata.h reads the results.
#include "ui/charts/tradeoffchart.h"
#include "ui/charts/qcp.h"
#include "ui/charts/tradeoffpointer.h"
#include "ui/charts/tradeoffscene.h"
#include "ui/models/dumpmeansmodel.h"
#include "ui/models/metrictext.h"
#include "ui/models/utf8.h"
#include <QItemSelectionModel>
#include <QKeyEvent>
#include <QToolTip>

namespace pikv::ui {
namespace {

QString label(const MetricInfo& metric) { return utf8(metric.label); }

constexpr double kZoomStep = 1.25; // of a key
constexpr qreal kReachOfMean = 8; // pixels from which a mean is hit, rather than a point beside it

} // namespace

TradeoffChart::TradeoffChart(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent)
    : ResultsChart(model, selection, QStringLiteral("tradeoffChart"), tr("Trade-off chart"),
        tr("Check a method on the left, or run a sweep, to see what it saves and costs"), parent)
    , m_plot(new QCustomPlot(this))
    , m_scene(std::make_unique<TradeoffScene>(m_plot))
    , m_pointer(new TradeoffPointer(m_plot, m_scene.get(), &m_data, this))
    , m_axes { findMetric("bits_per_element"), findMetric("attention_error"), false, true }
{
    setView(m_plot, Mouse::OfView);
    connectPointer();
    restyle();
    refreshNow();
}

TradeoffChart::~TradeoffChart() = default;

void TradeoffChart::connectPointer()
{
    connect(m_pointer, &TradeoffPointer::hovered, this, &TradeoffChart::hover);
    connect(m_pointer, &TradeoffPointer::left, this, [this] {
        if (!hasFocus())
            setCursorRow(-1);
    });
    connect(m_pointer, &TradeoffPointer::clicked, this, [this](int row, Qt::KeyboardModifiers modifiers) {
        if (row >= 0)
            selectRows({ row }, modifiers);
        else if (!(modifiers & (Qt::ControlModifier | Qt::ShiftModifier)))
            selection().clearSelection();
    });
    connect(m_pointer, &TradeoffPointer::surrounded, this,
        [this](const QList<int>& rows, Qt::KeyboardModifiers modifiers) { selectRows(rows, modifiers); });
    connect(m_pointer, &TradeoffPointer::rangeTaken, this, [this] { m_userRange = true; });
    connect(m_pointer, &TradeoffPointer::doubleClicked, this, &TradeoffChart::fit);
    connect(m_pointer, &TradeoffPointer::legendClicked, this,
        [this](const QString& method) { setMethodHidden(method, !m_hidden.contains(method)); });
}

void TradeoffChart::setMeans(const DumpMeansModel* means, std::function<ImportanceSpec()> importance)
{
    m_means = means;
    m_importance = std::move(importance);
    connect(means, &QAbstractItemModel::modelReset, this, [this] {
        m_data.means.clear(); // those that were drawn may not be hit before the next frame
        m_structural = true;
        scheduleRefresh();
    });
}

void TradeoffChart::setMeansShown(bool shown)
{
    m_meansShown = shown;
    m_structural = true;
    scheduleRefresh();
}

void TradeoffChart::setAxes(const TradeoffAxes& axes)
{
    m_axes = axes;
    m_userRange = false;
    m_structural = true;
    scheduleRefresh();
}

void TradeoffChart::setMethodHidden(const QString& method, bool hidden)
{
    if (m_hidden.contains(method) == hidden)
        return;
    hidden ? void(m_hidden.insert(method)) : void(m_hidden.remove(method));
    m_structural = true;
    scheduleRefresh();
    Q_EMIT hiddenMethodsChanged();
}

void TradeoffChart::noteRows(int first, int last, bool inserted)
{
    m_structural |= inserted;
    ResultsChart::noteRows(first, last, inserted);
}

void TradeoffChart::forgetRows()
{
    m_data = {};
    m_structural = true;
}

void TradeoffChart::refresh(const ChartStyle&)
{
    m_data = tradeoffData(model(), m_axes, m_hidden);
    if (m_means && m_meansShown)
        m_data.means = tradeoffMeans(*m_means, m_axes, m_hidden, m_importance());
    for (const TradeoffMean& mean : std::as_const(m_data.means)) {
        m_data.brokenX |= mean.at.edgeX;
        m_data.brokenY |= mean.at.edgeY;
    }
    m_scene->setData(m_data, m_axes);
    m_scene->placeLegend(m_plot->size());
    if (!m_userRange)
        m_scene->fit(!m_structural);
    m_structural = false;
    setRings();
    m_scene->replot();
}

void TradeoffChart::fit()
{
    m_userRange = false;
    m_scene->fit(false);
    m_scene->replot();
}

void TradeoffChart::showSelection()
{
    setRings();
    m_scene->replotRings();
}

void TradeoffChart::setRings()
{
    QList<TradeoffPoint> selected;
    for (const QModelIndex& index : selection().selectedRows()) {
        if (const TradeoffPoint* point = m_data.find(index.row()))
            selected << *point;
    }
    const TradeoffPoint* cursor = cursorRow() >= 0 ? m_data.find(cursorRow()) : nullptr;
    m_scene->setRings(selected, cursor ? std::optional(*cursor) : std::nullopt);
}

QString TradeoffChart::emptyText() const
{
    if (model().resultCount() == 0)
        return ResultsChart::emptyText();
    const QString missing = tr("%1: not measured yet").arg(label(*m_axes.y));
    return m_axes.y->group == MetricGroup::NextToken ? tr("%1. The Next token tab measures it").arg(missing) : missing;
}

QString TradeoffChart::description() const
{
    QStringList parts { tr("%1; points: %2").arg(chartTitle()).arg(m_data.shown) };
    QStringList names;
    for (const TradeoffSeries& series : m_data.series) {
        if (!series.hidden)
            names << series.label;
    }
    parts << names.join(QLatin1String(", "));
    if (m_data.front.size() > 1) {
        const int row = m_data.front.first().row;
        parts << tr("points on the Pareto front: %1").arg(m_data.front.size());
        parts << tr("smallest on it is %1")
                     .arg(resultSentence(*model().row(row).result, methodLabel(row), *m_axes.x, *m_axes.y));
    }
    if (!m_data.means.isEmpty())
        parts << tr("means over dumps: %1").arg(m_data.means.size());
    return parts.join(QLatin1String("; "));
}

void TradeoffChart::restyle()
{
    m_scene->setStyle(screen(), {});
    m_scene->placeLegend(m_plot->size());
    m_scene->replot();
}

int TradeoffChart::rowAt(QPointF position) const { return m_pointer->rowAt(position - m_plot->pos()); }

QPointF TradeoffChart::positionOf(int row) const
{
    const TradeoffPoint* point = m_data.find(row);
    return point ? m_scene->pixelOf(*point) + m_plot->pos() : QPointF(-1, -1);
}

QRectF TradeoffChart::plotArea() const { return m_scene->area().translated(m_plot->pos()); }

QString TradeoffChart::chartTitle() const { return tr("%1 over %2").arg(label(*m_axes.y), label(*m_axes.x).toLower()); }

void TradeoffChart::paintChart(const ChartSheet& sheet)
{
    refreshNow();
    m_scene->setRings({}, {}); // a reader of the file did not select anything
    m_scene->paint(sheet);
    showSelection();
}

QString TradeoffChart::tooltipOf(int row) const
{
    return row < 0 ? QString() : resultTooltip(*model().row(row).result, methodLabel(row), m_axes.x, m_axes.y);
}

int TradeoffChart::meanAt(QPointF position) const
{
    int found = -1;
    qreal nearest = kReachOfMean;
    for (const TradeoffMean& mean : m_data.means) {
        const qreal distance = QLineF(m_scene->pixelOf(mean.at), position - m_plot->pos()).length();
        if (distance <= nearest) {
            nearest = distance;
            found = mean.at.row;
        }
    }
    return found;
}

QPointF TradeoffChart::positionOfMean(int row) const
{
    for (const TradeoffMean& mean : m_data.means)
        if (mean.at.row == row)
            return m_scene->pixelOf(mean.at) + m_plot->pos();
    return { -1, -1 };
}

QString TradeoffChart::meanTooltip(int row) const
{
    const DumpsMean& mean = m_means->mean(row);
    const QModelIndex cell = m_means->index(row, DumpMeansModel::MethodColumn);
    QString rows = QStringLiteral("<tr><td></td><td align=right>%1&nbsp;&nbsp;</td><td align=right>%2</td></tr>")
                       .arg(label(*m_axes.x).toHtmlEscaped(), label(*m_axes.y).toHtmlEscaped());
    const auto add = [&](const QString& name, const QString& x, const QString& y, bool strong) {
        rows += QStringLiteral("<tr><td>%4%1%5&nbsp;&nbsp;</td><td align=right>%4%2%5&nbsp;&nbsp;</td>"
                               "<td align=right>%4%3%5</td></tr>")
                    .arg(name.toHtmlEscaped(), x.toHtmlEscaped(), y.toHtmlEscaped(), QLatin1String(strong ? "<b>" : ""),
                        QLatin1String(strong ? "</b>" : ""));
    };
    add(tr("Mean of %1").arg(m_means->dumpsText(row)), DumpMeansModel::intervalText(*m_axes.x, mean.of(*m_axes.x)),
        DumpMeansModel::intervalText(*m_axes.y, mean.of(*m_axes.y)), true);
    for (const DumpMeansModel::OfDump& one : m_means->ofDumps(row))
        if (one.result)
            add(one.name, metricText(*m_axes.x, m_axes.x->value(*one.result)),
                metricText(*m_axes.y, m_axes.y->value(*one.result)), false);
    return QStringLiteral("<b>%1, %2</b><table cellspacing=0>%3</table>")
        .arg(cell.data().toString().toHtmlEscaped(),
            cell.siblingAtColumn(DumpMeansModel::ParamsColumn).data().toString().toHtmlEscaped(), rows);
}

/// A mean stands above the points.
void TradeoffChart::hover(int row, QPoint globalPosition)
{
    if (const int mean = meanAt(mapFromGlobal(globalPosition)); mean >= 0) {
        setCursorRow(-1);
        return showTooltip(meanTooltip(mean), globalPosition);
    }
    if (row == cursorRow() && (row >= 0) == QToolTip::isVisible())
        return;
    setCursorRow(row);
    showTooltip(tooltipOf(row), globalPosition);
}

void TradeoffChart::moveCursor(int key)
{
    const int row = m_pointer->rowBeside(cursorRow(), key);
    if (row < 0)
        return;
    setCursorRow(row);
    showTooltip(tooltipOf(row), mapToGlobal(positionOf(row).toPoint()));
    announce(resultSentence(*model().row(row).result, methodLabel(row), *m_axes.x, *m_axes.y));
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
        if (cursorRow() >= 0)
            return selectRows({ cursorRow() }, event->modifiers());
        break;
    case Qt::Key_Plus:
    case Qt::Key_Minus:
        m_userRange = true;
        m_scene->zoom(event->key() == Qt::Key_Plus ? 1 / kZoomStep : kZoomStep);
        return m_scene->replot();
    case Qt::Key_0:
        return fit();
    case Qt::Key_Escape:
        setCursorRow(-1);
        return selection().clearSelection();
    default:
        break;
    }
    QWidget::keyPressEvent(event);
}

void TradeoffChart::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    m_scene->placeLegend(event->size());
    m_scene->replot();
}

} // namespace pikv::ui
