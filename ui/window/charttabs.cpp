// SPDX-License-Identifier: GPL-3.0-or-later
// The one list of charts. What they say while they are empty follows the session.
#include "ui/window/charttabs.h"
#include "ui/charts/comparisonpanel.h"
#include "ui/charts/layerspanel.h"
#include "ui/charts/ledgerpanel.h"
#include "ui/charts/tradeoffpanel.h"
#include "ui/charts/trainingpanel.h"
#include "ui/models/problemsmodel.h"
#include "ui/nexttoken/nexttokenpanel.h"
#include "ui/session/session.h"
#include <QItemSelectionModel>
#include <QKeyEvent>
#include <utility>

namespace pikv::ui {

ChartTabs::ChartTabs(Session* session, QWidget* parent)
    : QTabWidget(parent)
    , m_selection(session->selection())
{
    setObjectName(QStringLiteral("chartTabs"));
    setAccessibleName(tr("Charts"));
    setDocumentMode(true);
    auto* tradeoff = new TradeoffPanel(session->results(), session->selection(), this);
    tradeoff->setMeans(session->means(), [session] { return session->importance(); });
    add(tradeoff, "tradeoffPanel", tr("&Trade-off"));
    add(new ComparisonPanel(session->results(), session->selection(), this), "comparisonPanel", tr("&Comparison"));
    m_nextToken = new NextTokenPanel(session->nextToken(), this);
    add(m_nextToken, "nextTokenPanel", tr("&Next token"));
    add(new LayersPanel(session->results(), session->selection(), this), "layersPanel", tr("&Layers"));
    add(new LedgerPanel(session->results(), session->selection(), this), "ledgerPanel", tr("B&ytes"));
    add(new TrainingPanel(session->training(), this), "trainingPanel", tr("Trainin&g"));
    const auto show = [this](Readiness readiness) {
        for (ChartPanel* panel : std::as_const(m_panels))
            panel->setReadiness(readiness);
    };
    connect(session, &Session::dumpOpened, this, [show] { show(Readiness::Open); });
    connect(session, &Session::problemReported, this, [session, show] {
        if (session->info())
            show(Readiness::Failed);
    });
    connect(session->problems(), &QAbstractItemModel::rowsRemoved, this, [session, show] {
        if (session->info() && session->problems()->errorCount() == 0)
            show(Readiness::Open);
    });
}

void ChartTabs::add(ChartPanel* panel, const char* name, const QString& title)
{
    panel->setObjectName(QLatin1String(name));
    addTab(panel, title);
    m_panels.append(panel);
    connect(panel, &ChartPanel::exported, this, &ChartTabs::exported);
    connect(panel, &ChartPanel::exportFailed, this, &ChartTabs::exportFailed);
}

bool ChartTabs::event(QEvent* event)
{
    if (event->type() == QEvent::ShortcutOverride && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape
        && m_selection->hasSelection()) {
        event->accept(); // comes back as a key press
        return true;
    }
    return QTabWidget::event(event);
}

void ChartTabs::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape && m_selection->hasSelection())
        m_selection->clearSelection();
    else
        QTabWidget::keyPressEvent(event);
}

} // namespace pikv::ui
