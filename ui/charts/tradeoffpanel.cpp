// SPDX-License-Identifier: GPL-3.0-or-later
// The trade-off tab: its two axes, its Fit button, its menu of methods.
#include "ui/charts/tradeoffpanel.h"
#include "ui/charts/measuredmetrics.h"
#include "ui/charts/metriccombo.h"
#include "ui/charts/tradeoffchart.h"
#include "ui/models/dumpmeansmodel.h"
#include "ui/models/metrictext.h"
#include <QCheckBox>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QJsonObject>
#include <QLabel>
#include <QMenu>
#include <QToolButton>

namespace pikv::ui {

TradeoffPanel::TradeoffPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent)
    : ChartPanel(parent)
    , m_chart(new TradeoffChart(model, selection, this))
    , m_measured(new MeasuredMetrics(model, this))
    , m_means(new QCheckBox(tr("Means"), this))
{
    m_y = addAxis({ QStringLiteral("y"), QStringLiteral("tradeoffYMetric"), tr("Vertical axis"),
        QStringLiteral("tradeoffLogY"), tr("Logarithmic vertical axis") });
    controls()->addWidget(new QLabel(tr("over"), this));
    m_x = addAxis({ QStringLiteral("x"), QStringLiteral("tradeoffXMetric"), tr("Horizontal axis"),
        QStringLiteral("tradeoffLogX"), tr("Logarithmic horizontal axis") });
    addFitButton();
    setChartWidget(m_chart);
    m_x->offer(sizeMetrics());
    const auto offerY = [this] { m_y->offer(qualityMetrics(m_measured->nextToken())); };
    offerY();
    m_y->choose(QStringLiteral("attention_error"));
    connect(m_measured, &MeasuredMetrics::changed, this, offerY);
    applyAxes();
}

void TradeoffPanel::addFitButton()
{
    auto* fit = new QToolButton(this);
    fit->setText(tr("Fit"));
    fit->setObjectName(QStringLiteral("tradeoffFit"));
    fit->setToolTip(tr("Show all points (double-click in the chart, or 0).\nThe wheel zooms, a drag pans, Shift and a "
                       "drag select several points,\na click on a name in the legend hides its method."));
    fit->setAccessibleName(tr("Show all points"));
    connect(fit, &QToolButton::clicked, m_chart, &TradeoffChart::fit);
    m_means->setObjectName(QStringLiteral("tradeoffMeans"));
    m_means->setToolTip(tr("Means over the dumps of a sweep, with their 95 % intervals"));
    m_means->setChecked(true);
    m_means->hide();
    connect(m_means, &QCheckBox::toggled, m_chart, &TradeoffChart::setMeansShown);
    controls()->addStretch(1);
    controls()->addWidget(m_means);
    controls()->addWidget(fit);
    QWidget* before = m_y->combo();
    for (QWidget* next :
        std::initializer_list<QWidget*> { m_y->box(), m_x->combo(), m_x->box(), m_means, fit, m_chart })
        setTabOrder(std::exchange(before, next), next);
}

void TradeoffPanel::setMeans(const DumpMeansModel* means, std::function<ImportanceSpec()> importance)
{
    m_chart->setMeans(means, std::move(importance));
    connect(means, &QAbstractItemModel::modelReset, m_means, [this, means] { m_means->setVisible(!means->isEmpty()); });
}

ChartSource& TradeoffPanel::chart() { return *m_chart; }

void TradeoffPanel::applyAxes()
{
    if (m_x->metric() && m_y->metric())
        m_chart->setAxes({ m_x->metric(), m_y->metric(), m_x->log(), m_y->log() });
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

void TradeoffPanel::saveTo(QJsonObject& state) const
{
    state["means"] = m_means->isChecked();
    state["hidden"] = QJsonArray::fromStringList(m_chart->hiddenMethods());
}

void TradeoffPanel::restoreFrom(const QJsonObject& state)
{
    m_means->setChecked(state["means"].toBool(true));
    for (const QJsonValue& method : state["hidden"].toArray())
        m_chart->setMethodHidden(method.toString(), true);
}

} // namespace pikv::ui
