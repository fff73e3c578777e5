// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/comparisonchart.h"
#include "ui/charts/emptyhint.h"
#include "ui/charts/refreshtimer.h"
#include "ui/models/metrictext.h"
#include "ui/models/resultsmodel.h"
#include "ui/theme/methodstyle.h"
#include <QAccessible>
#include <QItemSelectionModel>
#include <QKeyEvent>
#include <QMap>
#include <QToolTip>
#include <QVBoxLayout>

namespace pikv::ui {
namespace {

constexpr int kMostBars = 12; // of a file of results before each method is reduced to one
constexpr int kLongestLabel = 30; // characters

QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }

} // namespace

ComparisonChart::ComparisonChart(
    ResultsModel* model, QItemSelectionModel* selection, QWidget* parent, BarBackend backend)
    : QWidget(parent)
    , m_model(model)
    , m_selection(selection)
    , m_backend(backend)
    , m_bars(makeBarChart(backend, this))
    , m_metric(findMetric("attention_error"))
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_bars);
    m_bars->setAttribute(Qt::WA_TransparentForMouseEvents); // this widget has the mouse
    m_empty = new EmptyHint(
        tr("Check two or more methods on the left to compare them"), QStringLiteral("comparisonEmpty"), this);
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setObjectName(QStringLiteral("comparisonChart"));
    setAccessibleName(tr("Comparison chart"));
    m_refresh = new RefreshTimer(this, [this] { refreshNow(); });
    const auto later = [this] { m_refresh->schedule(); };
    connect(m_model, &QAbstractItemModel::dataChanged, this, later);
    connect(m_model, &QAbstractItemModel::rowsInserted, this, later);
    const auto forget = [this] {
        m_rows.clear(); // nothing may be hit before the next frame
        m_refresh->schedule();
    };
    connect(m_model, &QAbstractItemModel::rowsRemoved, this, forget);
    connect(m_model, &QAbstractItemModel::modelReset, this, forget);
    connect(m_selection, &QItemSelectionModel::selectionChanged, this, later);
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
    for (int row = 0; row < m_model->resultCount(); ++row) {
        const ResultRow& entry = m_model->row(row);
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
    const QString name = m_model->index(row, ResultsModel::MethodColumn).data().toString();
    if (m_model->row(row).current)
        return name;
    const QString spec = QString::fromStdString(printSpec(m_model->row(row).result->method));
    const qsizetype colon = spec.indexOf(QLatin1Char(':'));
    if (colon < 0)
        return name;
    const QString full = name + QLatin1Char(' ') + spec.mid(colon + 1).replace(QLatin1Char(','), QLatin1Char(' '));
    return full.size() > kLongestLabel ? full.left(kLongestLabel - 1) + QChar(0x2026) : full;
}

Bar ComparisonChart::makeBar(int row, const ChartStyle& style, bool withSelection) const
{
    const ResultRow& entry = m_model->row(row);
    QColor color = methodStyle(QString::fromStdString(entry.result->method.id), style.dark).color;
    if (entry.stale)
        color = blend(color, style.background, 0.4);
    Bar bar { label(row), {}, m_metric->value(*entry.result), color, QPen(Qt::NoPen) };
    bar.text = std::isnan(bar.value) ? shortNumber(bar.value) : metricText(*m_metric, bar.value);
    if (entry.result->preview) {
        bar.brush = blend(color, style.background, 0.25);
        bar.pen = QPen(color, 1.4 * style.scale, Qt::DotLine);
    }
    if (withSelection && m_selection->isRowSelected(row, {}))
        bar.pen = QPen(style.highlight, 3 * style.scale);
    if (withSelection && row == cursorRow())
        bar.pen = QPen(style.text, 1.5, Qt::DashLine);
    return bar;
}

BarChartData ComparisonChart::makeData(const ChartStyle& style, bool withSelection) const
{
    BarChartData data { axisTitle(*m_metric), {}, m_log, m_metric->unit == "bytes" };
    for (const int row : m_rows)
        data.bars << makeBar(row, style, withSelection);
    return data;
}

void ComparisonChart::refreshNow()
{
    m_refresh->cancel();
    const QStringList before = notes();
    m_rows = rowsToShow();
    const ChartStyle style = screenStyle(palette(), font());
    m_data = makeData(style, true);
    m_bars->setData(m_data, style);
    m_empty->setVisible(m_rows.isEmpty());
    describe();
    if (before != notes())
        Q_EMIT notesChanged(notes());
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

void ComparisonChart::describe()
{
    QStringList bars;
    for (const Bar& bar : std::as_const(m_data.bars))
        bars << QStringLiteral("%1 %2").arg(bar.label, bar.text);
    setAccessibleDescription(bars.isEmpty()
            ? m_empty->text()
            : QStringLiteral("%1: %2").arg(text(m_metric->label), bars.join(QStringLiteral(", "))));
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

void ComparisonChart::select(int row, Qt::KeyboardModifiers modifiers)
{
    const auto how
        = modifiers & Qt::ControlModifier ? QItemSelectionModel::Toggle : QItemSelectionModel::ClearAndSelect;
    m_selection->select(m_model->index(row, 0), how | QItemSelectionModel::Rows);
    m_selection->setCurrentIndex(m_model->index(row, 0), QItemSelectionModel::NoUpdate);
}

void ComparisonChart::setCursorRow(int row)
{
    if (row == cursorRow())
        return;
    m_cursor = row >= 0 ? m_model->index(row, 0) : QModelIndex();
    refreshNow();
}

void ComparisonChart::showTooltip(int row, QPoint globalPosition)
{
    const QString name = m_model->index(row, ResultsModel::MethodColumn).data().toString();
    QToolTip::showText(globalPosition, resultTooltip(*m_model->row(row).result, name, m_metric, nullptr), this);
}

void ComparisonChart::mousePressEvent(QMouseEvent* event)
{
    const int row = rowAt(event->position());
    if (event->button() != Qt::LeftButton)
        return QWidget::mousePressEvent(event);
    if (row >= 0)
        select(row, event->modifiers());
    else
        m_selection->clearSelection();
}

void ComparisonChart::mouseMoveEvent(QMouseEvent* event)
{
    const int row = rowAt(event->position());
    row >= 0 ? showTooltip(row, event->globalPosition().toPoint()) : QToolTip::hideText();
}

void ComparisonChart::leaveEvent(QEvent* event)
{
    QToolTip::hideText();
    QWidget::leaveEvent(event);
}

void ComparisonChart::focusOutEvent(QFocusEvent* event)
{
    QWidget::focusOutEvent(event);
    setCursorRow(-1);
}

void ComparisonChart::keyPressEvent(QKeyEvent* event)
{
    const qsizetype here = m_rows.indexOf(cursorRow()), last = m_rows.size() - 1;
    qsizetype there = here;
    switch (event->key()) {
    case Qt::Key_Up:
    case Qt::Key_Left:
        there = here < 0 ? last : qMax<qsizetype>(0, here - 1);
        break;
    case Qt::Key_Down:
    case Qt::Key_Right:
        there = qMin(last, here + 1);
        break;
    case Qt::Key_Home:
        there = 0;
        break;
    case Qt::Key_End:
        there = last;
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
        if (here >= 0)
            select(cursorRow(), event->modifiers());
        return;
    case Qt::Key_Escape:
        setCursorRow(-1);
        return m_selection->clearSelection();
    default:
        return QWidget::keyPressEvent(event);
    }
    if (there < 0 || last < 0)
        return;
    setCursorRow(m_rows[there]);
    const QPointF at = bandOf(m_rows[there]).center();
    showTooltip(m_rows[there], mapToGlobal(at.toPoint()));
    setAccessibleDescription(QStringLiteral("%1 %2").arg(m_data.bars[there].label, m_data.bars[there].text));
    QAccessibleEvent changed(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&changed);
}

void ComparisonChart::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)
        refreshNow();
}

QString ComparisonChart::chartTitle() const { return tr("%1 by method").arg(text(m_metric->label)); }

void ComparisonChart::paintChart(const ChartSheet& sheet)
{
    refreshNow();
    const std::unique_ptr<BarChart> copy(makeBarChart(m_backend, nullptr));
    copy->setData(makeData(sheet.style, false), sheet.style);
    copy->paint(sheet);
}

} // namespace pikv::ui
