// SPDX-License-Identifier: GPL-3.0-or-later
// The dialog that says what a sweep measures.
#pragma once
#include "ui/session/sweeps.h"
#include <QDialog>
#include <QList>
#include <QTimer>

class QCheckBox;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QPushButton;
class QTreeView;

namespace pikv::ui {

class PathList;
class SweepGridModel;

/// The grid of a sweep: methods, their parameters' values, importance sources, next-token KL; its number of points,
/// what they cost, and the command that does the same.
class SweepEditor : public QDialog {
    Q_OBJECT
public:
    /// Shows the present choice for the checked methods.
    explicit SweepEditor(
        Sweeps* sweeps, const CacheInfo* dump, const ImportanceSpec& importance, QWidget* parent = nullptr);

    SweepChoice choice() const;
    QStringList methods() const;

private:
    struct Source {
        ImportanceSpec::Source source;
        QCheckBox* box;
        QLineEdit* arguments; ///< null: it has none
    };
    void createTree();
    QWidget* createSources(const CacheInfo* dump);
    QWidget* createDumps();
    QWidget* createCommand();
    void addDumps();
    void showDumps(const QStringList& dumps);
    QStringList dumps() const;
    void showGrid(const SweepGrid& grid, bool only);
    void showImportances(const std::vector<ImportanceSpec>& importances);
    std::vector<ImportanceSpec> importances() const;
    SweepGrid grid() const;
    void showDefaults();
    void copyCommand();
    void pasteCommand();
    void refresh();
    void showCost();

    Sweeps* m_sweeps;
    bool m_hasDump;
    ImportanceSpec m_own; ///< the window's importance
    SweepGridModel* m_model;
    QTreeView* m_tree;
    QList<Source> m_sources;
    PathList* m_dumps; ///< beside the open one
    QCheckBox* m_nextToken;
    QLabel *m_state, *m_problem;
    QPlainTextEdit* m_command;
    QPushButton* m_start = nullptr;
    QTimer m_settle; ///< costs follow a moment after the last change
};

} // namespace pikv::ui
