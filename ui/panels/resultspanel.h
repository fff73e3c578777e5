// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include <QWidget>
#include <vector>

class QItemSelectionModel;
class QLabel;
class QLineEdit;
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
    QByteArray saveState() const;
    void restoreState(const QByteArray& state);

Q_SIGNALS:
    /// A row was double-clicked: its settings are wanted in the form.
    void settingsChosen(const pikv::MethodSpec& spec);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void linkSelection();
    void showCount();
    void chooseColumns(const QPoint& at);
    void hideRareColumns();
    void fitColumns();
    void removeSelected();

    ResultsModel* m_model;
    QItemSelectionModel* m_selection;
    ResultsFilterModel* m_filter;
    QTableView* m_table;
    QLineEdit* m_filterText;
    QLabel* m_count;
    bool m_linking = false;
};

} // namespace pikv::ui
