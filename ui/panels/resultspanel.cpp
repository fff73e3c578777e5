// SPDX-License-Identifier: GPL-3.0-or-later
// Table, filter and count; two selections kept the same; columns that fit, hide and sort; rows that go.
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

constexpr int rowsThatFit = 50; // columns are as wide as what that many rows hold, those in sight first

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
    table->horizontalHeader()->setResizeContentsPrecision(rowsThatFit);
    return table;
}

constexpr int fitDelay = 100; ///< ms

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
    m_filterText->setPlaceholderText(tr("Filter by method, parameter or metric, e.g. kivi key_bits=4 attention<0.1"));
    m_filterText->setClearButtonEnabled(true);
    m_count->setObjectName(QStringLiteral("resultsCount"));
    auto* bar = new QHBoxLayout;
    bar->addWidget(m_filterText, 1);
    bar->addWidget(m_count);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(4, 4, 4, 4);
    layout->addLayout(bar);
    layout->addWidget(m_table, 1);
    arrangeColumns();
    linkSelection();
    connect(m_filterText, &QLineEdit::textChanged, m_filter, &ResultsFilterModel::setFilterText);
    connect(m_table->horizontalHeader(), &QWidget::customContextMenuRequested, this, [this](const QPoint& at) {
        QMenu menu(this);
        addColumnChoice(&menu);
        menu.exec(m_table->horizontalHeader()->mapToGlobal(at));
    });
    connectTable();
    fitColumns();
    showCount();
}

void ResultsPanel::connectTable()
{
    // Queued: the filter tells of a removal before the model has less rows.
    for (auto signal : { &QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved }) {
        connect(m_model, signal, this, &ResultsPanel::showCount, Qt::QueuedConnection);
        connect(m_filter, signal, this, &ResultsPanel::showCount, Qt::QueuedConnection);
    }
    m_fit.setSingleShot(true);
    m_fit.setInterval(fitDelay);
    connect(&m_fit, &QTimer::timeout, this, &ResultsPanel::fitColumns);
    connect(m_model, &QAbstractItemModel::rowsInserted, &m_fit, qOverload<>(&QTimer::start));
    connect(m_model, &QAbstractItemModel::dataChanged, &m_fit, qOverload<>(&QTimer::start));
    connect(m_table->horizontalHeader(), &QHeaderView::sectionResized, this, [this](int column) {
        if (m_fitting)
            return;
        m_userWidths.insert(column);
        Q_EMIT columnsChanged();
    });
    connect(m_table->horizontalHeader(), &QHeaderView::sectionMoved, this, &ResultsPanel::columnsChanged);
    connect(m_table->horizontalHeader(), &QHeaderView::sortIndicatorChanged, this, &ResultsPanel::columnsChanged);
    connect(m_table, &QAbstractItemView::activated, this, [this](const QModelIndex& index) {
        Q_EMIT settingsChosen(m_model->row(m_filter->mapToSource(index).row()).result->method);
    });
    m_table->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(m_table, &QWidget::customContextMenuRequested, this,
        [this](const QPoint& at) { showMenu(m_table->viewport()->mapToGlobal(at)); });
    m_table->installEventFilter(this); // its own copy takes the text of one cell
}

void ResultsPanel::focusFilter()
{
    m_filterText->setFocus(Qt::ShortcutFocusReason);
    m_filterText->selectAll();
}

bool ResultsPanel::eventFilter(QObject* watched, QEvent* event)
{
    if (watched != m_table || event->type() != QEvent::KeyPress
        || !static_cast<QKeyEvent*>(event)->matches(QKeySequence::Copy))
        return QWidget::eventFilter(watched, event);
    copyResultsCsv(visibleResults());
    return true;
}

/// What a compressor is chosen by comes first: how small and how good, without a scroll bar between the two.
void ResultsPanel::arrangeColumns()
{
    QHeaderView* header = m_table->horizontalHeader();
    int place = ResultsModel::FirstMetricColumn;
    for (const MetricInfo& metric : metrics()) {
        const int column = m_model->metricColumn(metric.name);
        m_table->setColumnHidden(column, metric.rare);
        if (metric.leads)
            header->moveSection(header->visualIndex(column), place++);
    }
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

/// Columns grow with what they hold; one that the user has given a width keeps it.
void ResultsPanel::fitColumns()
{
    m_fitting = true;
    const int letter = m_table->fontMetrics().averageCharWidth();
    for (int column = 0; column < m_model->columnCount(); ++column) {
        if (m_userWidths.contains(column) || m_table->isColumnHidden(column))
            continue;
        const int least = column == ResultsModel::MethodColumn ? 18 * letter
            : column == ResultsModel::ParamsColumn             ? 30 * letter
                                                               : 0;
        const int before = m_model->resultCount() > 0 ? m_table->columnWidth(column) : 0;
        m_table->resizeColumnToContents(column);
        m_table->setColumnWidth(column,
            std::clamp(m_table->columnWidth(column), std::max(least, std::min(before, 60 * letter)), 60 * letter));
    }
    m_fitting = false;
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

void ResultsPanel::addColumnChoice(QMenu* menu)
{
    for (int column = ResultsModel::ParamsColumn; column < m_model->columnCount(); ++column) {
        QAction* action = menu->addAction(m_model->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString());
        action->setCheckable(true);
        action->setChecked(!m_table->isColumnHidden(column));
        connect(action, &QAction::toggled, this, [this, column](bool on) {
            m_table->setColumnHidden(column, !on);
            Q_EMIT columnsChanged();
        });
    }
}

/// What mouse and keyboard do to rows and columns, for those who do not know it or have no mouse.
void ResultsPanel::showMenu(const QPoint& globalAt)
{
    QMenu menu(this);
    menu.setObjectName(QStringLiteral("resultsMenu"));
    const QModelIndex current = m_table->currentIndex();
    menu.addAction(tr("&Settings into the form"), this, [this, current] { Q_EMIT m_table->activated(current); })
        ->setEnabled(current.isValid());
    menu.addAction(tr("&Remove"), this, [this] { Q_EMIT removeRequested(selectedRows()); })
        ->setEnabled(m_table->selectionModel()->hasSelection());
    menu.addSeparator();
    addColumnChoice(menu.addMenu(tr("&Columns")));
    QMenu* sort = menu.addMenu(tr("S&ort by"));
    const QHeaderView* header = m_table->horizontalHeader();
    for (int column = 0; column < m_model->columnCount(); ++column) {
        if (m_table->isColumnHidden(column))
            continue;
        sort->addAction(m_model->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString(), this,
            [this, column, again = header->sortIndicatorSection() == column, order = header->sortIndicatorOrder()] {
                m_table->sortByColumn(
                    column, again && order == Qt::AscendingOrder ? Qt::DescendingOrder : Qt::AscendingOrder);
            });
    }
    menu.exec(globalAt);
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

QList<int> ResultsPanel::selectedRows() const
{
    QList<int> rows;
    for (const QModelIndex& index : m_table->selectionModel()->selectedRows())
        rows.append(m_filter->mapToSource(index).row());
    return rows;
}

void ResultsPanel::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Delete && m_table->hasFocus())
        Q_EMIT removeRequested(selectedRows());
    else
        QWidget::keyPressEvent(event);
}

QByteArray ResultsPanel::saveState() const { return m_table->horizontalHeader()->saveState(); }

void ResultsPanel::restoreState(const QByteArray& state)
{
    m_fitting = true;
    m_table->horizontalHeader()->restoreState(state);
    m_fitting = false;
}

} // namespace pikv::ui
