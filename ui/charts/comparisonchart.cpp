// SPDX-License-Identifier: GPL-3.0-or-later
// The comparison: which results have a bar, how bars look, and the keys that walk along them.
#include "ui/charts/comparisonchart.h"
#include "ui/charts/axisvalue.h"
#include "ui/charts/comparedrows.h"
#include "ui/models/metrictext.h"
#include "ui/models/utf8.h"
#include <QItemSelectionModel>

namespace pikv::ui {
ComparisonChart::ComparisonChart(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent)
    : ResultBars(model, selection, QStringLiteral("comparisonChart"), tr("Comparison chart"),
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

Bar ComparisonChart::makeBar(int row, const ChartStyle& style, bool withSelection) const
{
    const ResultRow& entry = model().row(row);
    const QColor color = staleColor(
        methodStyle(QString::fromStdString(entry.result->method.id), style.dark).color, style, entry.stale);
    Bar bar { comparedLabel(model(), row), {}, axisValue(*m_metric, m_log, *entry.result), color, QPen(Qt::NoPen) };
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
    for (const int row : rows())
        data.bars << makeBar(row, style, withSelection);
    return data;
}

void ComparisonChart::refresh(const ChartStyle& style)
{
    setRows(comparedRows(model()));
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
    return QStringLiteral("%1: %2").arg(utf8(m_metric->label), bars.join(QStringLiteral(", ")));
}

QRectF ComparisonChart::plotArea() const { return m_bars->plotArea().translated(0, m_bars->y()); }

QString ComparisonChart::tooltipOf(int row) const
{
    return row < 0 ? QString() : resultTooltip(*model().row(row).result, methodLabel(row), m_metric, nullptr);
}

QString ComparisonChart::spoken(qsizetype bar) const
{
    return QStringLiteral("%1 %2").arg(m_data.bars[bar].label, m_data.bars[bar].text);
}

QString ComparisonChart::chartTitle() const { return tr("%1 by method").arg(utf8(m_metric->label)); }

void ComparisonChart::paintChart(const ChartSheet& sheet)
{
    refreshNow();
    const std::unique_ptr<BarChart> copy(makeBarChart(nullptr));
    copy->setData(makeData(sheet.style, false), sheet.style);
    copy->paint(sheet);
}

} // namespace pikv::ui
