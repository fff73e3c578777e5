// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QWidget>

class QLabel;
class QPushButton;
class QTableView;

namespace pikv::ui {

class DumpMeansModel;

/// Means over dumps as a table that can be sorted, copied and written as CSV.
class DumpMeansPanel : public QWidget {
    Q_OBJECT
public:
    explicit DumpMeansPanel(DumpMeansModel* model, QWidget* parent = nullptr);

    /// Means and every dump's own values, as `pikv sweep` writes them.
    QByteArray csv() const;

Q_SIGNALS:
    void exportRequested();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void createTable();
    void copy() const;
    void showMeans();

    DumpMeansModel* m_model;
    QTableView* m_table;
    QLabel* m_count;
    QPushButton *m_copy, *m_export;
};

} // namespace pikv::ui
