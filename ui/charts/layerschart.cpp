// SPDX-License-Identifier: GPL-3.0-or-later
// The layer by head map of one result: which result, its cells, and the cursor on them.
#include "ui/charts/layerschart.h"
#include "ui/models/metrictext.h"
#include "ui/models/utf8.h"
#include <QItemSelectionModel>
#include <QKeyEvent>

namespace pikv::ui {
namespace {

const LayerQuality* findLayer(const EvaluationResult& result, int layer)
{
    for (const LayerQuality& entry : result.layers) {
        if (entry.layer == layer)
            return &entry;
    }
    return nullptr;
}

} // namespace

LayersChart::LayersChart(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent)
    : ResultsChart(model, selection, QStringLiteral("layersChart"), tr("Layers chart"),
        tr("Select a result in the table or in a chart to see its layers and heads"), parent)
    , m_map(new HeatMap(this))
    , m_metric(findMetric("key_nmse"))
{
    setView(m_map);
    refreshNow();
}

void LayersChart::noteRows(int first, int last, bool inserted)
{
    if (model().row(first).current && !model().row(first).stale)
        m_lastChanged = model().index(first, 0);
    ResultsChart::noteRows(first, last, inserted);
}

int LayersChart::shownRow() const
{
    const QModelIndexList selected = selection().selectedRows();
    for (auto it = selected.crbegin(); it != selected.crend(); ++it) {
        if (!model().row(it->row()).result->layers.empty())
            return it->row();
    }
    if (m_lastChanged.isValid() && !model().row(m_lastChanged.row()).result->layers.empty())
        return m_lastChanged.row();
    for (int row = model().resultCount() - 1; row >= 0; --row) {
        if (!model().row(row).result->layers.empty())
            return row;
    }
    return -1;
}

void LayersChart::setMetric(const MetricInfo* metric, bool log)
{
    m_metric = metric;
    m_log = log;
    refreshNow();
}

HeatMapData LayersChart::heatData(const EvaluationResult& result) const
{
    HeatMapData data;
    data.rowTitle = tr("Layer");
    data.columnTitle = tr("KV head");
    data.valueTitle = axisTitle(*m_metric);
    data.log = m_log;
    for (const LayerQuality& layer : result.layers) {
        data.rows = std::max(data.rows, layer.layer + 1);
        data.columns = std::max(data.columns, int(layer.heads.size()));
    }
    data.values.assign(std::size_t(data.rows) * std::size_t(data.columns), kNoValue);
    for (const LayerQuality& layer : result.layers) {
        for (std::size_t head = 0; head < layer.heads.size(); ++head)
            data.values[std::size_t(layer.layer) * std::size_t(data.columns) + head]
                = layer.heads[head].*m_metric->quality;
    }
    return data;
}

void LayersChart::refresh(const ChartStyle& style)
{
    const int row = shownRow();
    m_result = row >= 0 ? model().row(row).result : nullptr;
    m_data = m_result ? heatData(*m_result) : HeatMapData();
    if (m_data.values.empty())
        m_result.reset();
    if (m_result)
        m_map->setData(m_data, style);
    if (m_cursor.x() >= m_data.columns || m_cursor.y() >= m_data.rows)
        setCursorCell({ -1, -1 });
    Q_EMIT resultChanged(resultName());
}

QString LayersChart::resultName() const
{
    if (!m_result)
        return {};
    const QString label = methodLabel(shownRow());
    const QString params
        = QString::fromStdString(printParams(m_result->method)).replace(QLatin1Char(','), QLatin1String(", "));
    return params.isEmpty() ? label : QStringLiteral("%1, %2").arg(label, params);
}

QString LayersChart::description() const
{
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const double value : m_data.values) {
        if (!std::isnan(value)) {
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    return low > high ? tr("%1 was not measured by layer").arg(utf8(m_metric->label))
                      : tr("%1 of %2: %3 layers by %4 heads, from %5 to %6")
                            .arg(utf8(m_metric->label), resultName())
                            .arg(m_data.rows)
                            .arg(m_data.columns)
                            .arg(metricText(*m_metric, low), metricText(*m_metric, high));
}

QString LayersChart::cellTooltip(QPoint cell) const
{
    const LayerQuality* layer = m_result ? findLayer(*m_result, cell.y()) : nullptr;
    if (!layer || std::size_t(cell.x()) >= layer->heads.size())
        return {};
    QString rows;
    for (const MetricInfo& metric : metrics()) {
        const double value = metric.quality ? layer->heads[std::size_t(cell.x())].*metric.quality : kNoValue;
        if (!std::isnan(value))
            rows += tooltipRow(utf8(metric.label), metricText(metric, value), &metric == m_metric);
    }
    return QStringLiteral("<b>%1</b><table cellspacing=0>%2</table>")
        .arg(tr("Layer %1, head %2").arg(cell.y()).arg(cell.x()), rows);
}

void LayersChart::setCursorCell(QPoint cell)
{
    if (cell == m_cursor)
        return;
    m_cursor = cell;
    m_map->setCursorCell(cell);
}

QString LayersChart::tooltipAt(QPointF position) const { return cellTooltip(m_map->cellAt(position - m_map->pos())); }

void LayersChart::mouseMoveEvent(QMouseEvent* event)
{
    setCursorCell(m_map->cellAt(event->position() - m_map->pos()));
    Chart::mouseMoveEvent(event);
}

void LayersChart::leaveEvent(QEvent* event)
{
    setCursorCell({ -1, -1 });
    Chart::leaveEvent(event);
}

void LayersChart::moveCursor(QPoint step)
{
    if (!m_result)
        return;
    const QPoint cell = m_cursor.x() < 0 ? QPoint(0, 0) : m_cursor + step;
    setCursorCell({ std::clamp(cell.x(), 0, m_data.columns - 1), std::clamp(cell.y(), 0, m_data.rows - 1) });
    showTooltip(cellTooltip(m_cursor), m_map->mapToGlobal(m_map->cellRect(m_cursor).center().toPoint()));
    announce(tr("Layer %1, head %2: %3")
                 .arg(m_cursor.y())
                 .arg(m_cursor.x())
                 .arg(metricText(*m_metric, m_data.at(m_cursor.y(), m_cursor.x()))));
}

void LayersChart::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
    case Qt::Key_Left:
        return moveCursor({ -1, 0 });
    case Qt::Key_Right:
        return moveCursor({ 1, 0 });
    case Qt::Key_Up:
        return moveCursor({ 0, -1 });
    case Qt::Key_Down:
        return moveCursor({ 0, 1 });
    default:
        QWidget::keyPressEvent(event);
    }
}

QString LayersChart::chartTitle() const
{
    const QString name = m_result ? methodLabel(shownRow()) : QString();
    return name.isEmpty() ? tr("%1 by layer and head").arg(utf8(m_metric->label))
                          : tr("%1 of %2 by layer and head").arg(utf8(m_metric->label), name);
}

void LayersChart::paintChart(const ChartSheet& sheet)
{
    refreshNow();
    m_map->paint(sheet);
}

} // namespace pikv::ui
