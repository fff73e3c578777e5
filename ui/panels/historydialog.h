// SPDX-License-Identifier: GPL-3.0-or-later
// The dialog of stored results.
#pragma once
#include "core/codec/methodspec.h"
#include "ui/models/historymodel.h"
#include <QDialog>
#include <QThreadPool>
#include <QTimer>
#include <functional>

class QCheckBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QTableView;

namespace pikv::ui {

/// What was measured before: searched, starred, noted, exported, forgotten. The database is read and written in a
/// thread of the dialog's own.
class HistoryDialog : public QDialog {
    Q_OBJECT
public:
    explicit HistoryDialog(const QString& database, QWidget* parent = nullptr);
    ~HistoryDialog() override;

    /// Reads anew what there is.
    void reload();

Q_SIGNALS:
    /// A row was activated: its method and parameters.
    void settingsChosen(const pikv::MethodSpec& spec);

private:
    struct Listing {
        std::vector<HistoryModel::Row> rows;
        quint64 all = 0, bytes = 0;
    };
    void createTable();
    void createSearch();
    void createButtons();
    history::Query query() const;
    /// Runs `work` in the dialog's thread, then `done` with what it returned, or the label says what was wrong.
    template <typename Work, typename Done>
    void inBackground(Work work, Done done);
    void showListing(Listing listing);
    void exportRows();
    void forget();
    void chooseRow(const QModelIndex& index);

    std::string m_database;
    HistoryModel* m_model;
    QTableView* m_table;
    QLineEdit* m_words;
    QCheckBox* m_starred;
    QLabel* m_state;
    QPushButton *m_export, *m_forget;
    QTimer m_settle; ///< a word is being typed
    QThreadPool m_pool;
    int m_asked = 0; ///< listings asked for: only the last one is shown
};

} // namespace pikv::ui
