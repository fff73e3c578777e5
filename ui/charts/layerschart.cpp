// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/layerschart.h"
#include "ui/charts/emptyhint.h"
#include "ui/charts/refreshtimer.h"
#include "ui/models/metrictext.h"
#include <QAccessible>
#include <QItemSelectionModel>
#include <QKeyEvent>
#include <QToolTip>
#include <QVBoxLayout>

namespace pikv::ui {
namespace {

QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }

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
    : QWidget(parent)
    , m_model(model)
    , m_selection(selection)
    , m_map(new HeatMap(this))
    , m_metric(findMetric("key_nmse"))
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_map);
    m_map->setAttribute(Qt::WA_TransparentForMouseEvents); // this widget has the mouse
    m_empty = new EmptyHint(tr("Select a result in the table or in a chart to see its layers and heads"),
        QStringLiteral("layersEmpty"), this);
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setObjectName(QStringLiteral("layersChart"));
    setAccessibleName(tr("Layers chart"));
    m_refresh = new RefreshTimer(this, [this] { refreshNow(); });
    connectModel();
    refreshNow();
}

void LayersChart::connectModel()
{
    connect(
        m_model, &QAbstractItemModel::dataChanged, this, [this](const QModelIndex& first) { noteChange(first.row()); });
    connect(
        m_model, &QAbstractItemModel::rowsInserted, this, [this](const QModelIndex&, int first) { noteChange(first); });
    connect(m_model, &QAbstractItemModel::rowsRemoved, this, [this] { m_refresh->schedule(); });
    connect(m_model, &QAbstractItemModel::modelReset, this, [this] { m_refresh->schedule(); });
    connect(m_selection, &QItemSelectionModel::selectionChanged, this, [this] { m_refresh->schedule(); });
}

void LayersChart::noteChange(int row)
{
    if (m_model->row(row).current && !m_model->row(row).stale)
        m_lastChanged = m_model->index(row, 0);
    m_refresh->schedule();
}

int LayersChart::shownRow() const
{
    const QModelIndexList selected = m_selection->selectedRows();
    for (auto it = selected.crbegin(); it != selected.crend(); ++it) {
        if (!m_model->row(it->row()).result->layers.empty())
            return it->row();
    }
    if (m_lastChanged.isValid() && !m_model->row(m_lastChanged.row()).result->layers.empty())
        return m_lastChanged.row();
    for (int row = m_model->resultCount() - 1; row >= 0; --row) {
        if (!m_model->row(row).result->layers.empty())
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
                = m_metric->quality(layer.heads[head]);
    }
    return data;
}

void LayersChart::refreshNow()
{
    m_refresh->cancel();
    const int row = shownRow();
    m_result = row >= 0 ? m_model->row(row).result : nullptr;
    m_data = m_result ? heatData(*m_result) : HeatMapData();
    if (m_data.values.empty())
        m_result.reset();
    m_empty->setVisible(!m_result);
    if (m_result)
        m_map->setData(m_data, screenStyle(palette(), font()));
    if (m_cursor.x() >= m_data.columns || m_cursor.y() >= m_data.rows)
        setCursorCell({ -1, -1 });
    describe();
    Q_EMIT resultChanged(resultName());
}

QString LayersChart::resultName() const
{
    if (!m_result)
        return {};
    const QString label = m_model->index(shownRow(), ResultsModel::MethodColumn).data().toString();
    const QString params
        = QString::fromStdString(printParams(m_result->method)).replace(QLatin1Char(','), QLatin1String(", "));
    return params.isEmpty() ? label : QStringLiteral("%1, %2").arg(label, params);
}

void LayersChart::describe()
{
    if (!m_result)
        return setAccessibleDescription(m_empty->text());
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const double value : m_data.values) {
        if (!std::isnan(value)) {
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    setAccessibleDescription(low > high ? tr("%1 was not measured by layer").arg(text(m_metric->label))
                                        : tr("%1 of %2: %3 layers by %4 heads, from %5 to %6")
                                              .arg(text(m_metric->label), resultName())
                                              .arg(m_data.rows)
                                              .arg(m_data.columns)
                                              .arg(metricText(*m_metric, low), metricText(*m_metric, high)));
}

QString LayersChart::cellTooltip(QPoint cell) const
{
    const LayerQuality* layer = m_result ? findLayer(*m_result, cell.y()) : nullptr;
    if (!layer || std::size_t(cell.x()) >= layer->heads.size())
        return {};
    QString rows;
    for (const MetricInfo& metric : metrics()) {
        const double value = metric.quality ? metric.quality(layer->heads[std::size_t(cell.x())]) : kNoValue;
        if (!std::isnan(value))
            rows += tooltipRow(text(metric.label), metricText(metric, value), &metric == m_metric);
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

void LayersChart::mouseMoveEvent(QMouseEvent* event)
{
    setCursorCell(m_map->cellAt(event->position() - m_map->pos()));
    const QString tip = cellTooltip(m_cursor);
    tip.isEmpty() ? QToolTip::hideText() : QToolTip::showText(event->globalPosition().toPoint(), tip, this);
}

void LayersChart::leaveEvent(QEvent* event)
{
    setCursorCell({ -1, -1 });
    QWidget::leaveEvent(event);
}

void LayersChart::keyPressEvent(QKeyEvent* event)
{
    QPoint step;
    switch (event->key()) {
    case Qt::Key_Left:
        step = { -1, 0 };
        break;
    case Qt::Key_Right:
        step = { 1, 0 };
        break;
    case Qt::Key_Up:
        step = { 0, -1 };
        break;
    case Qt::Key_Down:
        step = { 0, 1 };
        break;
    default:
        return QWidget::keyPressEvent(event);
    }
    if (!m_result)
        return;
    const QPoint cell = m_cursor.x() < 0 ? QPoint(0, 0) : m_cursor + step;
    setCursorCell({ std::clamp(cell.x(), 0, m_data.columns - 1), std::clamp(cell.y(), 0, m_data.rows - 1) });
    QToolTip::showText(m_map->mapToGlobal(m_map->cellRect(m_cursor).center().toPoint()), cellTooltip(m_cursor), this);
    setAccessibleDescription(tr("Layer %1, head %2: %3")
                                 .arg(m_cursor.y())
                                 .arg(m_cursor.x())
                                 .arg(metricText(*m_metric, m_data.at(m_cursor.y(), m_cursor.x()))));
    QAccessibleEvent changed(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&changed);
}

void LayersChart::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)
        refreshNow();
}

QString LayersChart::chartTitle() const
{
    const QString name
        = m_result ? m_model->index(shownRow(), ResultsModel::MethodColumn).data().toString() : QString();
    return name.isEmpty() ? tr("%1 by layer and head").arg(text(m_metric->label))
                          : tr("%1 of %2 by layer and head").arg(text(m_metric->label), name);
}

void LayersChart::paintChart(const ChartSheet& sheet)
{
    refreshNow();
    m_map->paint(sheet);
}

} // namespace pikv::ui
