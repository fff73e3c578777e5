// SPDX-License-Identifier: GPL-3.0-or-later
// The results table with its filter.
#pragma once
#include "core/eval/evaluator.h"
#include <QSet>
#include <QTimer>
#include <QWidget>
#include <vector>

class QItemSelectionModel;
class QLabel;
class QLineEdit;
class QMenu;
class QTableView;

namespace pikv::ui {

class ResultsFilterModel;
class ResultsModel;

/// The results table: sortable, filterable, its selection shared with the charts.
class ResultsPanel : public QWidget {
    Q_OBJECT
public:
    /// `selection`: on rows of `model`, shared with the charts.
    ResultsPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);

    /// Results as the table shows them: the selected rows, or all rows where none is selected.
    std::vector<EvaluationResult> visibleResults() const;
    /// Columns as the user has arranged them.
    QByteArray saveState() const;
    void restoreState(const QByteArray& state);
    void focusFilter();

Q_SIGNALS:
    /// The user wants these rows of the model gone.
    void removeRequested(const QList<int>& rows);
    /// Widths, order or choice of columns are others now.
    void columnsChanged();
    /// A row was double-clicked: its settings are wanted in the form.
    void settingsChosen(const pikv::MethodSpec& spec);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void linkSelection();
    void showCount();
    void connectTable();
    void showMenu(const QPoint& globalAt);
    void addColumnChoice(QMenu* menu);
    void arrangeColumns();
    void fitColumns();
    QList<int> selectedRows() const;

    ResultsModel* m_model;
    QItemSelectionModel* m_selection;
    ResultsFilterModel* m_filter;
    QTableView* m_table;
    QLineEdit* m_filterText;
    QLabel* m_count;
    bool m_linking = false, m_fitting = false;
    QSet<int> m_userWidths; ///< columns that the user has given a width
    QTimer m_fit; ///< after the rows that come at once
};

} // namespace pikv::ui
