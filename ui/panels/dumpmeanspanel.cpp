// SPDX-License-Identifier: GPL-3.0-or-later
// The table of means over dumps: columns as in the results, its copy and its CSV.
#include "ui/panels/dumpmeanspanel.h"
#include "core/eval/metrics.h"
#include "core/study/dumpstables.h"
#include "ui/models/counted.h"
#include "ui/models/dumpmeansmodel.h"
#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QMimeData>
#include <QPushButton>
#include <QSortFilterProxyModel>
#include <QTableView>
#include <QVBoxLayout>

namespace pikv::ui {

DumpMeansPanel::DumpMeansPanel(DumpMeansModel* model, QWidget* parent)
    : QWidget(parent)
    , m_model(model)
    , m_table(new QTableView(this))
    , m_count(new QLabel(this))
    , m_copy(new QPushButton(tr("Copy"), this))
    , m_export(new QPushButton(tr("Export…"), this))
{
    setObjectName(QStringLiteral("dumpMeansPanel"));
    createTable();
    m_count->setObjectName(QStringLiteral("dumpMeansCount"));
    m_copy->setObjectName(QStringLiteral("dumpMeansCopy"));
    m_copy->setToolTip(tr("Copy means, intervals and every dump's values as CSV (Ctrl+C)"));
    m_export->setObjectName(QStringLiteral("dumpMeansExport"));
    m_export->setToolTip(tr("Write means, intervals and every dump's values as CSV"));
    auto* bar = new QHBoxLayout;
    bar->addWidget(m_count, 1);
    bar->addWidget(m_copy);
    bar->addWidget(m_export);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(4, 4, 4, 4);
    layout->addLayout(bar);
    layout->addWidget(m_table, 1);
    connect(m_copy, &QPushButton::clicked, this, &DumpMeansPanel::copy);
    connect(m_export, &QPushButton::clicked, this, &DumpMeansPanel::exportRequested);
    connect(model, &QAbstractItemModel::modelReset, this, &DumpMeansPanel::showMeans);
    showMeans();
}

void DumpMeansPanel::createTable()
{
    auto* sorted = new QSortFilterProxyModel(this);
    sorted->setSourceModel(m_model);
    sorted->setSortRole(DumpMeansModel::RawRole);
    m_table->setObjectName(QStringLiteral("dumpMeansTable"));
    m_table->setAccessibleName(tr("Means over dumps"));
    m_table->setModel(sorted);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setAlternatingRowColors(true);
    m_table->setSortingEnabled(true);
    m_table->sortByColumn(-1, Qt::AscendingOrder); // as they came
    m_table->setWordWrap(false);
    m_table->setTabKeyNavigation(false);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
    QHeaderView* header = m_table->horizontalHeader();
    header->setHighlightSections(false);
    header->setSectionsMovable(true);
    int place = DumpMeansModel::FirstMetricColumn;
    for (std::size_t i = 0; i < metrics().size(); ++i) {
        const int column = DumpMeansModel::FirstMetricColumn + int(i);
        m_table->setColumnHidden(column, metrics()[i].rare);
        if (metrics()[i].leads) // as in the results
            header->moveSection(header->visualIndex(column), place++);
    }
    m_table->installEventFilter(this);
}

void DumpMeansPanel::showMeans()
{
    const bool any = !m_model->isEmpty();
    m_copy->setEnabled(any);
    m_export->setEnabled(any);
    m_count->setText(any ? tr("%1 over %2: mean [95 % interval]")
                               .arg(counted(m_model->rowCount(), tr("setting"), tr("settings")),
                                   counted(qsizetype(m_model->dumps().size()), tr("dump"), tr("dumps")))
                         : tr("Run → Edit sweep… takes further dumps; their means come here."));
    const int letter = fontMetrics().averageCharWidth();
    for (int column = 0; column < m_model->columnCount(); ++column)
        if (!m_table->isColumnHidden(column)) {
            m_table->resizeColumnToContents(column);
            m_table->setColumnWidth(column, std::min(m_table->columnWidth(column), 50 * letter));
        }
}

QByteArray DumpMeansPanel::csv() const
{
    return QByteArray::fromStdString(dumpsToCsv(m_model->dumps(), m_model->means()));
}

void DumpMeansPanel::copy() const
{
    auto* data = new QMimeData; // the clipboard takes it
    data->setData(QStringLiteral("text/csv"), csv());
    data->setText(QString::fromUtf8(csv()));
    QApplication::clipboard()->setMimeData(data);
}

bool DumpMeansPanel::eventFilter(QObject* watched, QEvent* event)
{
    if (watched != m_table || event->type() != QEvent::KeyPress
        || !static_cast<QKeyEvent*>(event)->matches(QKeySequence::Copy) || m_model->isEmpty())
        return QWidget::eventFilter(watched, event);
    copy();
    return true;
}

} // namespace pikv::ui
