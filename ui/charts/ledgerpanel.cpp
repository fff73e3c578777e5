// SPDX-License-Identifier: GPL-3.0-or-later
// The splitter of bars and table, and which columns say something.
#include "ui/charts/ledgerpanel.h"
#include "ui/charts/ledgerchart.h"
#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QSplitter>
#include <QTableView>

namespace pikv::ui {

LedgerPanel::LedgerPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent)
    : ChartPanel(parent)
    , m_chart(new LedgerChart(model, selection, this))
{
    setCaption(addCaption(QStringLiteral("ledgerCaption")),
        tr("What the bytes of the checked methods are for. The same tokens at 16 bits for all: Run → Like for like…"));
    auto* table = new QTableView(this);
    table->setObjectName(QStringLiteral("ledgerTable"));
    table->setAccessibleName(tr("Byte ledger as a table"));
    table->setModel(&m_chart->ledger());
    table->setSelectionMode(QAbstractItemView::NoSelection);
    table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table->setTabKeyNavigation(false);
    table->verticalHeader()->hide();
    table->verticalHeader()->setDefaultSectionSize(table->fontMetrics().height() + 6);
    table->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    table->horizontalHeader()->setHighlightSections(false);
    auto* split = new QSplitter(Qt::Vertical, this);
    split->setObjectName(QStringLiteral("ledgerSplit"));
    split->addWidget(m_chart);
    split->addWidget(table);
    split->setStretchFactor(0, 3);
    split->setStretchFactor(1, 1);
    split->setSizes({ 360, 120 });
    split->setCollapsible(0, false);
    const auto hideUnshared = [this, table] {
        bool shared = false;
        for (const LedgerModel::Row& row : m_chart->ledger().rows())
            shared = shared || row.result->sharedBytes > 0;
        for (int column = m_chart->ledger().firstSharedColumn(); column < m_chart->ledger().columnCount(); ++column)
            table->setColumnHidden(column, !shared);
    };
    connect(&m_chart->ledger(), &QAbstractItemModel::modelReset, this, hideUnshared);
    hideUnshared();
    setChartWidget(split);
}

ChartSource& LedgerPanel::chart() { return *m_chart; }

void LedgerPanel::extendMenu(QMenu& menu)
{
    QAction* copy = menu.addAction(
        tr("Copy the table"), this, [this] { QApplication::clipboard()->setText(m_chart->ledger().asText()); });
    copy->setObjectName(QStringLiteral("copyLedger"));
    copy->setEnabled(m_chart->ledger().rowCount() > 0);
}

} // namespace pikv::ui
