// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart.h"
#include "ui/models/resultsmodel.h"
#include <QPersistentModelIndex>

class QItemSelectionModel;

namespace pikv::ui {

/// A chart of the rows of the results, which it shares with the table: the same selection, and a cursor for the keys.
class ResultsChart : public Chart {
    Q_OBJECT
public:
    /// Row under the keyboard's or the mouse's cursor, else -1.
    int cursorRow() const { return m_cursor.row(); }

protected:
    /// `model` and `selection` outlive the chart.
    ResultsChart(ResultsModel* model, QItemSelectionModel* selection, const QString& objectName,
        const QString& accessibleName, const QString& emptyText, QWidget* parent);

    ResultsModel& model() const { return *m_model; }
    QItemSelectionModel& selection() const { return *m_selection; }
    QString methodLabel(int row) const;
    void selectRows(const QList<int>& rows, Qt::KeyboardModifiers modifiers);
    void setCursorRow(int row);

    /// Rows `first` to `last` are new, or have new figures.
    virtual void noteRows(int first, int last, bool inserted);
    /// Rows are gone: those that were drawn may not be hit before the next frame.
    virtual void forgetRows() { }
    virtual void showSelection() { scheduleRefresh(); }
    virtual void showCursor() { }
    QString emptyText() const override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    ResultsModel* m_model;
    QItemSelectionModel* m_selection;
    QPersistentModelIndex m_cursor;
};

} // namespace pikv::ui
