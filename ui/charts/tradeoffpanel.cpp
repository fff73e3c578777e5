// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/tradeoffpanel.h"
#include "ui/charts/metriccombo.h"
#include "ui/charts/tradeoffchart.h"
#include "ui/models/metrictext.h"
#include <QCheckBox>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QMenu>
#include <QSignalBlocker>
#include <QToolButton>

namespace pikv::ui {
namespace {

QCheckBox* logBox(const QString& objectName, const QString& accessibleName, QWidget* parent)
{
    auto* box = new QCheckBox(TradeoffPanel::tr("log"), parent);
    box->setObjectName(objectName);
    box->setAccessibleName(accessibleName);
    box->setToolTip(accessibleName);
    return box;
}

} // namespace

TradeoffPanel::TradeoffPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent)
    : ChartPanel(parent)
    , m_model(model)
    , m_chart(new TradeoffChart(model, selection, this))
    , m_x(new MetricCombo(QStringLiteral("tradeoffXMetric"), tr("Horizontal axis"), this))
    , m_y(new MetricCombo(QStringLiteral("tradeoffYMetric"), tr("Vertical axis"), this))
    , m_logX(logBox(QStringLiteral("tradeoffLogX"), tr("Logarithmic horizontal axis"), this))
    , m_logY(logBox(QStringLiteral("tradeoffLogY"), tr("Logarithmic vertical axis"), this))
{
    createControls();
    setChartWidget(m_chart);
    m_x->setMetrics(sizeMetrics());
    m_y->setMetrics(qualityMetrics(false));
    m_y->setMetric(QStringLiteral("attention_error"));
    connect(m_chart, &TradeoffChart::notesChanged, this, &TradeoffPanel::setNotes);
    for (MetricCombo* combo : { m_x, m_y })
        connect(combo, &MetricCombo::metricChanged, this, &TradeoffPanel::showDefaultScales);
    connect(m_logX, &QCheckBox::toggled, this, [this](bool on) {
        m_scales[m_x->metricName()] = on;
        applyAxes();
    });
    connect(m_logY, &QCheckBox::toggled, this, [this](bool on) {
        m_scales[m_y->metricName()] = on;
        applyAxes();
    });
    for (const auto signal : { &QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved })
        connect(model, signal, this, &TradeoffPanel::offerMetrics);
    connect(model, &QAbstractItemModel::dataChanged, this, &TradeoffPanel::offerMetrics);
    connect(model, &QAbstractItemModel::modelReset, this, &TradeoffPanel::offerMetrics);
    offerMetrics();
    showDefaultScales();
}

void TradeoffPanel::createControls()
{
    auto* over = new QLabel(tr("over"), this);
    auto* fit = new QToolButton(this);
    fit->setText(tr("Fit"));
    fit->setObjectName(QStringLiteral("tradeoffFit"));
    fit->setToolTip(tr("Show all points (double-click in the chart, or 0)"));
    fit->setAccessibleName(tr("Show all points"));
    connect(fit, &QToolButton::clicked, m_chart, &TradeoffChart::fit);
    for (QWidget* widget : std::initializer_list<QWidget*> { m_y, m_logY, over, m_x, m_logX })
        controls()->addWidget(widget);
    controls()->addStretch(1);
    controls()->addWidget(fit);
    setTabOrder(m_y, m_logY);
    setTabOrder(m_logY, m_x);
    setTabOrder(m_x, m_logX);
    setTabOrder(m_logX, fit);
    setTabOrder(fit, m_chart);
}

ChartSource& TradeoffPanel::chart() { return *m_chart; }

void TradeoffPanel::offerMetrics()
{
    bool present = false;
    for (int row = 0; row < m_model->resultCount() && !present; ++row)
        present = hasNextToken(*m_model->row(row).result);
    if (present == m_nextToken)
        return;
    m_nextToken = present;
    m_y->setMetrics(qualityMetrics(present));
    if (present)
        m_y->setMetric(std::exchange(m_awaitedY, {}));
}

void TradeoffPanel::showDefaultScales()
{
    const auto show = [this](QCheckBox* box, const MetricCombo* combo) {
        const QSignalBlocker quiet(box);
        box->setChecked(m_scales.value(combo->metricName(), combo->metric()->logScale));
    };
    show(m_logX, m_x);
    show(m_logY, m_y);
    applyAxes();
}

void TradeoffPanel::applyAxes()
{
    m_chart->setAxes({ m_x->metric(), m_y->metric(), m_logX->isChecked(), m_logY->isChecked() });
}

void TradeoffPanel::extendMenu(QMenu& menu)
{
    menu.addAction(tr("Show all points"), m_chart, &TradeoffChart::fit);
    QMenu* methods = menu.addMenu(tr("Methods"));
    methods->setEnabled(!m_chart->data().series.isEmpty());
    for (const TradeoffSeries& series : m_chart->data().series) {
        QAction* action = methods->addAction(series.label);
        action->setCheckable(true);
        action->setChecked(!series.hidden);
        connect(action, &QAction::toggled, m_chart,
            [chart = m_chart, id = series.method](bool shown) { chart->setMethodHidden(id, !shown); });
    }
}

QByteArray TradeoffPanel::saveState() const
{
    QJsonObject scales;
    for (auto it = m_scales.begin(); it != m_scales.end(); ++it)
        scales[it.key()] = it.value();
    const QJsonObject state { { "x", m_x->metricName() }, { "y", m_y->metricName() }, { "log", scales },
        { "hidden", QJsonArray::fromStringList(m_chart->hiddenMethods()) } };
    return QJsonDocument(state).toJson(QJsonDocument::Compact);
}

void TradeoffPanel::restoreState(const QByteArray& bytes)
{
    const QJsonObject state = QJsonDocument::fromJson(bytes).object();
    const QJsonObject scales = state["log"].toObject();
    for (auto it = scales.begin(); it != scales.end(); ++it)
        m_scales[it.key()] = it.value().toBool();
    m_x->setMetric(state["x"].toString());
    m_awaitedY = state["y"].toString();
    m_y->setMetric(m_awaitedY);
    if (m_y->metricName() == m_awaitedY)
        m_awaitedY.clear();
    for (const QJsonValue& method : state["hidden"].toArray())
        m_chart->setMethodHidden(method.toString(), true);
    showDefaultScales();
}

} // namespace pikv::ui
