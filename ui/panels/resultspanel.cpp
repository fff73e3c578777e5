// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/resultspanel.h"
#include "ui/export/tableclipboard.h"
#include "ui/models/counted.h"
#include "ui/models/resultsfiltermodel.h"
#include "ui/models/resultsmodel.h"
#include <QHBoxLayout>
#include <QHeaderView>
#include <QItemSelectionModel>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QTableView>

namespace pikv::ui {
namespace {

QItemSelection wholeRows(const QAbstractItemModel* model, const QList<int>& rows)
{
    QItemSelection selection;
    for (int row : rows)
        selection.select(model->index(row, 0), model->index(row, model->columnCount() - 1));
    return selection;
}

QTableView* makeTable(QWidget* parent)
{
    auto* table = new QTableView(parent);
    table->setObjectName(QStringLiteral("resultsTable"));
    table->setAccessibleName(QObject::tr("Results"));
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    table->setSelectionMode(QAbstractItemView::ExtendedSelection);
    table->setAlternatingRowColors(true);
    table->setSortingEnabled(true);
    table->setWordWrap(false);
    table->setTabKeyNavigation(false);
    table->verticalHeader()->hide();
    table->verticalHeader()->setDefaultSectionSize(table->fontMetrics().height() + 8);
    table->horizontalHeader()->setSectionsMovable(true);
    table->horizontalHeader()->setContextMenuPolicy(Qt::CustomContextMenu);
    table->horizontalHeader()->setHighlightSections(false);
    return table;
}

} // namespace

ResultsPanel::ResultsPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent)
    : QWidget(parent)
    , m_model(model)
    , m_selection(selection)
    , m_filter(new ResultsFilterModel(this))
    , m_table(makeTable(this))
    , m_filterText(new QLineEdit(this))
    , m_count(new QLabel(this))
{
    setObjectName(QStringLiteral("resultsPanel"));
    m_filter->setSourceModel(model);
    m_table->setModel(m_filter);
    m_table->sortByColumn(ResultsModel::MethodColumn, Qt::AscendingOrder);
    m_filterText->setObjectName(QStringLiteral("resultsFilter"));
    m_filterText->setAccessibleName(tr("Filter results"));
    m_filterText->setPlaceholderText(tr("Filter by method or parameter, e.g. kivi key_bits=4"));
    m_filterText->setClearButtonEnabled(true);
    m_count->setObjectName(QStringLiteral("resultsCount"));
    auto* bar = new QHBoxLayout;
    bar->addWidget(m_filterText, 1);
    bar->addWidget(m_count);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(4, 4, 4, 4);
    layout->addLayout(bar);
    layout->addWidget(m_table, 1);
    hideRareColumns();
    linkSelection();
    connect(m_filterText, &QLineEdit::textChanged, m_filter, &ResultsFilterModel::setFilterText);
    connect(m_table->horizontalHeader(), &QWidget::customContextMenuRequested, this, &ResultsPanel::chooseColumns);
    for (auto signal : { &QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved })
        connect(m_filter, signal, this, &ResultsPanel::showCount);
    connect(m_filter, &QAbstractItemModel::rowsInserted, this, [this, first = true]() mutable {
        if (std::exchange(first, false))
            fitColumns();
    });
    connect(m_table, &QAbstractItemView::activated, this, [this](const QModelIndex& index) {
        Q_EMIT settingsChosen(m_model->row(m_filter->mapToSource(index).row()).result->method);
    });
    m_table->installEventFilter(this); // its own copy takes the text of one cell
    fitColumns();
    showCount();
}

bool ResultsPanel::eventFilter(QObject* watched, QEvent* event)
{
    if (watched != m_table || event->type() != QEvent::KeyPress
        || !static_cast<QKeyEvent*>(event)->matches(QKeySequence::Copy))
        return QWidget::eventFilter(watched, event);
    copyResultsCsv(visibleResults());
    return true;
}

void ResultsPanel::hideRareColumns()
{
    for (const MetricInfo& metric : metrics())
        if (metric.rare)
            m_table->setColumnHidden(m_model->metricColumn(metric.name), true);
}

/// Two selection models, one selection: the table's is on the filtered rows, the shared one on the model's.
void ResultsPanel::linkSelection()
{
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        if (m_linking)
            return;
        m_linking = true;
        QList<int> rows;
        for (const QModelIndex& index : m_table->selectionModel()->selectedRows())
            rows.append(m_filter->mapToSource(index).row());
        m_selection->select(wholeRows(m_model, rows), QItemSelectionModel::ClearAndSelect);
        m_linking = false;
        showCount();
    });
    connect(m_selection, &QItemSelectionModel::selectionChanged, this, [this] {
        if (m_linking)
            return;
        m_linking = true;
        QList<int> rows;
        for (const QModelIndex& index : m_selection->selectedRows())
            if (const QModelIndex shown = m_filter->mapFromSource(index); shown.isValid())
                rows.append(shown.row());
        m_table->selectionModel()->select(wholeRows(m_filter, rows), QItemSelectionModel::ClearAndSelect);
        if (!rows.isEmpty())
            m_table->scrollTo(m_filter->index(rows.front(), 0));
        m_linking = false;
        showCount();
    });
}

void ResultsPanel::fitColumns()
{
    m_table->resizeColumnsToContents();
    const int letter = m_table->fontMetrics().averageCharWidth();
    for (const auto& [column, letters] :
        { std::pair(ResultsModel::MethodColumn, 18), std::pair(ResultsModel::ParamsColumn, 30) })
        m_table->setColumnWidth(column, std::max(m_table->columnWidth(column), letter * letters));
}

void ResultsPanel::showCount()
{
    const int shown = m_filter->rowCount(), all = m_model->rowCount();
    const auto selected = m_table->selectionModel()->selectedRows().size();
    const QString total = counted(all, tr("result"), tr("results"));
    QString text = shown == all ? total : tr("%1 of %2").arg(QString::number(shown), total);
    if (selected > 0)
        text += tr(", %1 selected").arg(selected);
    m_count->setText(text);
}

void ResultsPanel::chooseColumns(const QPoint& at)
{
    QMenu menu(this);
    for (int column = ResultsModel::ParamsColumn; column < m_model->columnCount(); ++column) {
        QAction* action = menu.addAction(m_model->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString());
        action->setCheckable(true);
        action->setChecked(!m_table->isColumnHidden(column));
        connect(action, &QAction::toggled, this, [this, column](bool on) { m_table->setColumnHidden(column, !on); });
    }
    menu.exec(m_table->horizontalHeader()->mapToGlobal(at));
}

std::vector<EvaluationResult> ResultsPanel::visibleResults() const
{
    std::vector<EvaluationResult> results;
    const bool some = m_table->selectionModel()->hasSelection();
    for (int row = 0; row < m_filter->rowCount(); ++row)
        if (!some || m_table->selectionModel()->isRowSelected(row))
            results.push_back(*m_model->row(m_filter->mapToSource(m_filter->index(row, 0)).row()).result);
    return results;
}

void ResultsPanel::removeSelected()
{
    QList<int> rows;
    for (const QModelIndex& index : m_table->selectionModel()->selectedRows())
        rows.append(m_filter->mapToSource(index).row());
    m_model->removeRowsAt(rows);
}

void ResultsPanel::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Delete && m_table->hasFocus())
        removeSelected();
    else
        QWidget::keyPressEvent(event);
}

QByteArray ResultsPanel::saveState() const { return m_table->horizontalHeader()->saveState(); }
void ResultsPanel::restoreState(const QByteArray& state) { m_table->horizontalHeader()->restoreState(state); }

} // namespace pikv::ui
