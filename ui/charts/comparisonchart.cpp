// SPDX-License-Identifier: GPL-3.0-or-later
// The comparison: which results have a bar, how bars look, and the keys that walk along them.
#include "ui/charts/comparisonchart.h"
#include "ui/charts/axisvalue.h"
#include "ui/models/metrictext.h"
#include <QItemSelectionModel>
#include <QKeyEvent>
#include <QMap>

namespace pikv::ui {
namespace {

constexpr int kMostBars = 12; // of a file of results before each method is reduced to one
constexpr int kLongestLabel = 30; // characters

QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }

} // namespace

ComparisonChart::ComparisonChart(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent)
    : ResultsChart(model, selection, QStringLiteral("comparisonChart"), tr("Comparison chart"),
        tr("Check two or more methods on the left to compare them"), parent)
    , m_bars(makeBarChart(this))
    , m_metric(findMetric("attention_error"))
{
    setView(m_bars);
    refreshNow();
}

void ComparisonChart::setMetric(const MetricInfo* metric, bool log)
{
    m_metric = metric;
    m_log = log;
    refreshNow();
}

QList<int> ComparisonChart::rowsToShow() const
{
    QList<int> present, all;
    QMap<std::string, int> byMethod;
    for (int row = 0; row < model().resultCount(); ++row) {
        const ResultRow& entry = model().row(row);
        const MethodSpec& method = entry.result->method;
        all << row;
        if (entry.current)
            present << row;
        const bool defaults = printSpec(method) == method.id;
        if (defaults || !byMethod.contains(method.id))
            byMethod[method.id] = row;
    }
    if (!present.isEmpty() || all.size() <= kMostBars)
        return present.isEmpty() ? all : present;
    QList<int> chosen = byMethod.values();
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

QString ComparisonChart::label(int row) const
{
    const QString name = methodLabel(row);
    if (model().row(row).current)
        return name;
    const QString spec = QString::fromStdString(printSpec(model().row(row).result->method));
    const qsizetype colon = spec.indexOf(QLatin1Char(':'));
    if (colon < 0)
        return name;
    const QString full = name + QLatin1Char(' ') + spec.mid(colon + 1).replace(QLatin1Char(','), QLatin1Char(' '));
    return full.size() > kLongestLabel ? full.left(kLongestLabel - 1) + QChar(0x2026) : full;
}

Bar ComparisonChart::makeBar(int row, const ChartStyle& style, bool withSelection) const
{
    const ResultRow& entry = model().row(row);
    const QColor color = staleColor(
        methodStyle(QString::fromStdString(entry.result->method.id), style.dark).color, style, entry.stale);
    Bar bar { label(row), {}, axisValue(*m_metric, m_log, *entry.result), color, QPen(Qt::NoPen) };
    const double value = m_metric->value(*entry.result);
    bar.text = std::isnan(value) ? shortNumber(value) : metricText(*m_metric, value);
    if (entry.result->preview) {
        bar.brush = blend(color, style.background, share::kPreview);
        bar.pen = QPen(color, pen::kLine * style.scale, Qt::DotLine);
    }
    if (withSelection && selection().isRowSelected(row, {}))
        bar.pen = QPen(style.highlight, pen::kFrame * style.scale);
    if (withSelection && row == cursorRow())
        bar.pen = QPen(style.text, pen::kLine, Qt::DashLine);
    return bar;
}

BarChartData ComparisonChart::makeData(const ChartStyle& style, bool withSelection) const
{
    BarChartData data { axisTitle(*m_metric, m_log), {}, m_log, m_metric->unit == "bytes" };
    for (const int row : m_rows)
        data.bars << makeBar(row, style, withSelection);
    return data;
}

void ComparisonChart::refresh(const ChartStyle& style)
{
    m_rows = rowsToShow();
    m_data = makeData(style, true);
    m_bars->setData(m_data, style);
}

QStringList ComparisonChart::notes() const
{
    QStringList notes;
    for (const Bar& bar : m_data.bars) {
        if (m_data.log && bar.value <= 0)
            notes << tr("%1 is %2 and has no bar on a logarithmic axis").arg(bar.label, bar.text);
        else if (std::isnan(bar.value))
            notes << tr("%1 was not measured").arg(bar.label);
    }
    return notes;
}

QString ComparisonChart::description() const
{
    QStringList bars;
    for (const Bar& bar : m_data.bars)
        bars << QStringLiteral("%1 %2").arg(bar.label, bar.text);
    return QStringLiteral("%1: %2").arg(text(m_metric->label), bars.join(QStringLiteral(", ")));
}

QRectF ComparisonChart::bandOf(int row) const
{
    const QRectF area = m_bars->plotArea();
    const double height = area.height() / double(m_rows.size());
    return { 0, m_bars->y() + area.top() + height * double(m_rows.indexOf(row)), double(width()), height };
}

int ComparisonChart::rowAt(QPointF position) const
{
    for (const int row : m_rows) {
        if (bandOf(row).contains(position))
            return row;
    }
    return -1;
}

QString ComparisonChart::tooltipOf(int row) const
{
    return row < 0 ? QString() : resultTooltip(*model().row(row).result, methodLabel(row), m_metric, nullptr);
}

QString ComparisonChart::tooltipAt(QPointF position) const { return tooltipOf(rowAt(position)); }

void ComparisonChart::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton)
        return QWidget::mousePressEvent(event);
    if (const int row = rowAt(event->position()); row >= 0)
        selectRows({ row }, event->modifiers());
    else
        selection().clearSelection();
}

void ComparisonChart::moveCursor(qsizetype bar)
{
    if (bar < 0 || bar >= m_rows.size())
        return;
    const int row = m_rows[bar];
    setCursorRow(row);
    showTooltip(tooltipOf(row), mapToGlobal(bandOf(row).center().toPoint()));
    announce(QStringLiteral("%1 %2").arg(m_data.bars[bar].label, m_data.bars[bar].text));
}

void ComparisonChart::keyPressEvent(QKeyEvent* event)
{
    const qsizetype here = m_rows.indexOf(cursorRow()), last = m_rows.size() - 1;
    switch (event->key()) {
    case Qt::Key_Up:
    case Qt::Key_Left:
        return moveCursor(here < 0 ? last : qMax<qsizetype>(0, here - 1));
    case Qt::Key_Down:
    case Qt::Key_Right:
        return moveCursor(qMin(last, here + 1));
    case Qt::Key_Home:
        return moveCursor(0);
    case Qt::Key_End:
        return moveCursor(last);
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
        if (here >= 0)
            selectRows({ cursorRow() }, event->modifiers());
        return;
    case Qt::Key_Escape:
        setCursorRow(-1);
        return selection().clearSelection();
    default:
        QWidget::keyPressEvent(event);
    }
}

QString ComparisonChart::chartTitle() const { return tr("%1 by method").arg(text(m_metric->label)); }

void ComparisonChart::paintChart(const ChartSheet& sheet)
{
    refreshNow();
    const std::unique_ptr<BarChart> copy(makeBarChart(nullptr));
    copy->setData(makeData(sheet.style, false), sheet.style);
    copy->paint(sheet);
}

} // namespace pikv::ui
