// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/tradeoffchart.h"
#include "ui/charts/emptyhint.h"
#include "ui/charts/qcp.h"
#include "ui/charts/refreshtimer.h"
#include "ui/charts/tradeoffscene.h"
#include "ui/models/metrictext.h"
#include <QItemSelectionModel>
#include <QVBoxLayout>

namespace pikv::ui {
namespace {

QString label(const MetricInfo& metric)
{
    return QString::fromUtf8(metric.label.data(), qsizetype(metric.label.size()));
}

} // namespace

TradeoffChart::TradeoffChart(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent)
    : QWidget(parent)
    , m_model(model)
    , m_selection(selection)
    , m_plot(new QCustomPlot(this))
    , m_scene(std::make_unique<TradeoffScene>(m_plot))
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_plot);
    m_empty = new EmptyHint(tr("Check a method on the left, or run a sweep, to see what it saves and costs"),
        QStringLiteral("tradeoffEmpty"), this);
    m_plot->setFocusPolicy(Qt::NoFocus); // a click gives the focus to this widget, which has the keys
    setFocusPolicy(Qt::StrongFocus);
    setObjectName(QStringLiteral("tradeoffChart"));
    setAccessibleName(tr("Trade-off chart"));
    m_refresh = new RefreshTimer(this, [this] { refreshNow(); });
    m_axes = { findMetric("bits_per_element"), findMetric("attention_error"), false, true };
    connectModel();
    connectMouse();
    restyle();
    refreshNow();
}

TradeoffChart::~TradeoffChart() = default;

void TradeoffChart::connectModel()
{
    connect(m_model, &QAbstractItemModel::dataChanged, this, [this] { schedule(false); });
    connect(m_model, &QAbstractItemModel::rowsInserted, this, [this] { schedule(true); });
    const auto forget = [this] {
        m_data = {}; // its rows are gone: nothing may be hit before the next frame
        schedule(true);
    };
    connect(m_model, &QAbstractItemModel::rowsRemoved, this, forget);
    connect(m_model, &QAbstractItemModel::modelReset, this, forget);
    connect(m_selection, &QItemSelectionModel::selectionChanged, this, [this] { updateRings(); });
}

void TradeoffChart::setAxes(const TradeoffAxes& axes)
{
    m_axes = axes;
    m_userRange = false;
    schedule(true);
}

void TradeoffChart::setMethodHidden(const QString& method, bool hidden)
{
    if (m_hidden.contains(method) == hidden)
        return;
    hidden ? void(m_hidden.insert(method)) : void(m_hidden.remove(method));
    schedule(true);
    Q_EMIT hiddenMethodsChanged();
}

void TradeoffChart::schedule(bool structural)
{
    m_structural |= structural;
    m_refresh->schedule();
}

void TradeoffChart::refreshNow()
{
    m_refresh->cancel();
    const QStringList notes = m_data.notes;
    m_data = tradeoffData(*m_model, m_axes, m_hidden);
    m_scene->setData(m_data, m_axes);
    m_scene->placeLegend(m_plot->size());
    if (!m_userRange)
        m_scene->fit(!m_structural);
    m_structural = false;
    m_empty->setVisible(m_model->resultCount() == 0);
    setRings();
    m_scene->replot();
    updateDescription();
    if (notes != m_data.notes)
        Q_EMIT notesChanged(m_data.notes);
}

void TradeoffChart::fit()
{
    m_userRange = false;
    m_scene->fit(false);
    m_scene->replot();
}

void TradeoffChart::updateRings()
{
    setRings();
    m_scene->replotRings();
}

void TradeoffChart::setRings()
{
    QList<TradeoffPoint> selected;
    for (const QModelIndex& index : m_selection->selectedRows()) {
        if (const TradeoffPoint* point = pointOf(index.row()))
            selected << *point;
    }
    const TradeoffPoint* cursor = m_cursor.isValid() ? pointOf(m_cursor.row()) : nullptr;
    m_scene->setRings(selected, cursor ? std::optional(*cursor) : std::nullopt);
}

void TradeoffChart::updateDescription()
{
    if (m_data.shown == 0) {
        setAccessibleDescription(m_empty->text());
        return;
    }
    QStringList parts { tr("%1; points: %2").arg(chartTitle()).arg(m_data.shown) };
    QStringList names;
    for (const TradeoffSeries& series : std::as_const(m_data.series)) {
        if (!series.hidden)
            names << series.label;
    }
    parts << names.join(QLatin1String(", "));
    if (m_data.front.size() > 1) {
        const EvaluationResult& best = *m_model->row(m_data.front.first().row).result;
        parts << tr("points on the Pareto front: %1").arg(m_data.front.size());
        const QModelIndex cell = m_model->index(m_data.front.first().row, ResultsModel::MethodColumn);
        parts << tr("smallest on it is %1").arg(resultSentence(best, cell.data().toString(), *m_axes.x, *m_axes.y));
    }
    setAccessibleDescription(parts.join(QLatin1String("; ")));
}

void TradeoffChart::restyle()
{
    m_scene->setStyle(screenStyle(palette(), font()), {});
    m_scene->placeLegend(m_plot->size());
    m_scene->replot();
}

QList<TradeoffPoint> TradeoffChart::visiblePoints() const
{
    QList<TradeoffPoint> points;
    for (const TradeoffSeries& series : m_data.series) {
        if (!series.hidden)
            points << series.points;
    }
    return points;
}

const TradeoffPoint* TradeoffChart::pointOf(int row) const
{
    for (const TradeoffSeries& series : m_data.series) {
        if (series.hidden)
            continue;
        for (const TradeoffPoint& point : series.points) {
            if (point.row == row)
                return &point;
        }
    }
    return nullptr;
}

QPointF TradeoffChart::positionOf(int row) const
{
    const TradeoffPoint* point = pointOf(row);
    return point ? m_scene->pixelOf(*point) + m_plot->pos() : QPointF(-1, -1);
}

QRectF TradeoffChart::plotArea() const { return m_scene->area().translated(m_plot->pos()); }

QString TradeoffChart::chartTitle() const { return tr("%1 over %2").arg(label(*m_axes.y), label(*m_axes.x).toLower()); }

void TradeoffChart::paintChart(const ChartSheet& sheet)
{
    refreshNow();
    const bool selected = m_selection->hasSelection() || m_cursor.isValid();
    if (selected)
        m_scene->setRings({}, {}); // a reader of the file did not select anything
    m_scene->paint(sheet);
    updateRings();
}

void TradeoffChart::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    m_scene->placeLegend(event->size());
    m_scene->replot();
}

void TradeoffChart::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)
        restyle();
}

} // namespace pikv::ui
