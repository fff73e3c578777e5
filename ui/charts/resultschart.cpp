// SPDX-License-Identifier: GPL-3.0-or-later
// Rows, selection and cursor of the charts that draw results.
#include "ui/charts/resultschart.h"
#include <QFocusEvent>
#include <QItemSelectionModel>

namespace pikv::ui {

ResultsChart::ResultsChart(ResultsModel* model, QItemSelectionModel* selection, const QString& objectName,
    const QString& accessibleName, const QString& emptyText, QWidget* parent)
    : Chart(objectName, accessibleName, emptyText, parent)
    , m_model(model)
    , m_selection(selection)
{
    connect(model, &QAbstractItemModel::dataChanged, this,
        [this](const QModelIndex& first, const QModelIndex& last) { noteRows(first.row(), last.row(), false); });
    connect(model, &QAbstractItemModel::rowsInserted, this,
        [this](const QModelIndex&, int first, int last) { noteRows(first, last, true); });
    const auto forget = [this] {
        forgetRows();
        scheduleRefresh();
    };
    connect(model, &QAbstractItemModel::rowsRemoved, this, forget);
    connect(model, &QAbstractItemModel::modelReset, this, forget);
    connect(selection, &QItemSelectionModel::selectionChanged, this, [this] { showSelection(); });
}

void ResultsChart::noteRows(int, int, bool) { scheduleRefresh(); }

QString ResultsChart::emptyText() const
{
    return readiness() == Readiness::Failed && m_model->resultCount() == 0
        ? tr("Nothing was measured: Problems, below, says why")
        : Chart::emptyText();
}

QString ResultsChart::methodLabel(int row) const
{
    return m_model->index(row, ResultsModel::MethodColumn).data().toString();
}

void ResultsChart::selectRows(const QList<int>& rows, Qt::KeyboardModifiers modifiers)
{
    QItemSelection chosen;
    for (const int row : rows)
        chosen.select(m_model->index(row, 0), m_model->index(row, m_model->columnCount() - 1));
    const bool toggle = modifiers & Qt::ControlModifier;
    const auto how = !toggle ? QItemSelectionModel::ClearAndSelect
        : rows.size() == 1   ? QItemSelectionModel::Toggle
                             : QItemSelectionModel::Select;
    m_selection->select(chosen, how | QItemSelectionModel::Rows);
    if (!rows.isEmpty())
        m_selection->setCurrentIndex(m_model->index(rows.last(), 0), QItemSelectionModel::NoUpdate);
}

void ResultsChart::setCursorRow(int row)
{
    if (row == cursorRow())
        return;
    m_cursor = row >= 0 ? m_model->index(row, 0) : QModelIndex();
    showCursor();
}

void ResultsChart::focusOutEvent(QFocusEvent* event)
{
    QWidget::focusOutEvent(event);
    setCursorRow(-1);
}

} // namespace pikv::ui
