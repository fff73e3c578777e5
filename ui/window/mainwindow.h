// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/methodspec.h"
#include "ui/engine/engine.h"
#include "ui/theme/theme.h"
#include <QMainWindow>
#include <QSet>
#include <QUndoStack>
#include <functional>

class QAction;
class QActionGroup;
class QItemSelectionModel;
class QLabel;
class QMenu;
class QTabWidget;

namespace pikv {
struct NextTokenResult;
}

namespace pikv::ui {

class CalibrationPanel;
class ChartPanel;
enum class Readiness;
class DumpPanel;
class FileChangedBar;
class MethodsModel;
class MethodsPanel;
class ModelEngine;
class NextTokenController;
class ParamForm;
class ProblemsModel;
class RecentFiles;
class ResultsModel;
class ResultsPanel;
class SpecStore;
class StatusLine;
class TrainingRun;

/// The program's window: wires panels, charts and engine; holds no results or settings of its own.
class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    explicit MainWindow(QWidget* parent = nullptr);
    ~MainWindow() override;

    Engine* engine() { return &m_engine; }
    ResultsModel* results() { return m_results; }
    SpecStore* specs() { return m_specs; }
    MethodsModel* methods() { return m_methods; }
    ParamForm* form() { return m_form; }
    ModelEngine* models() { return m_models; }
    NextTokenController* nextToken() { return m_nextToken; }

public Q_SLOTS:
    void openDump(const QString& path);
    /// Reads the open dump again.
    void reloadDump();
    /// Evaluates the default sweeps of the checked methods.
    void runSweep();
    /// Checks the methods of the first start, and sweeps them.
    void runDefaultComparison();
    /// Stops what runs; what is there stays.
    void cancelWork();

Q_SIGNALS:
    /// Every checked method has its full result for the dump that was opened last.
    void firstChartComplete();
    void liveRequested(quint64 id);
    /// Its result is in the table's model; the charts draw it with their next frame.
    void resultEntered(quint64 id, bool preview);

protected:
    void closeEvent(QCloseEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    // mainwindowactions.cpp
    void createFileMenu();
    void createEditMenu();
    void createRunMenu();
    void createViewMenu();
    void createHelpMenu();
    void chooseDump();
    void chooseCompressed();
    void exportTable();
    void copyTable();
    void showAbout();
    // mainwindowdocks.cpp
    void createCentre();
    void createDocks();
    QDockWidget* addDock(const QString& title, const char* name, QWidget* content, Qt::DockWidgetArea area);
    ChartPanel* currentChart() const;
    void setReadiness(Readiness readiness);
    // mainwindowengine.cpp
    void connectEngine();
    void connectPanels();
    void noteDump();
    void noteResult(const ResultPtr& result, quint64 id, bool live);
    void noteProblem(const Problem& problem);
    void noteChecked(const QString& methodId, bool checked);
    void noteLiveDone(const QString& methodId);
    void requestLive(const QString& methodId);
    void requestAllLive();
    void evaluateAnew();
    void sweepMethod(const QString& methodId);
    void showProblemCount();
    // mainwindowmodel.cpp
    void createModelMenu();
    void fillModels(QMenu* menu);
    void connectModels();
    void showModel();
    void captureText();
    ResultPtr withNextToken(const ResultPtr& result);
    void noteNextToken(const std::shared_ptr<const NextTokenResult>& result);
    // mainwindowunsaved.cpp
    /// Does `then`, which ends the use of the open dump, unless the user keeps a capture that is not saved.
    void leaveDump(const std::function<void()>& then);
    /// Asks where to, and starts the writing; false where nothing is to be written.
    bool saveDump();
    void noteDumpSaved(const QString& path);
    void showTitle(const QString& dump);
    // mainwindowsettings.cpp
    void restoreSettings();
    void saveSettings() const;
    void restoreSpecs();
    void resetLayout();

    // The models outlive every widget that shows them.
    QUndoStack m_undo;
    SpecStore* m_specs;
    MethodsModel* m_methods;
    ResultsModel* m_results;
    ProblemsModel* m_problems;
    QItemSelectionModel* m_selection;
    TrainingRun* m_training;
    Engine m_engine;
    ModelEngine* m_models;
    NextTokenController* m_nextToken;

    QTabWidget* m_tabs = nullptr;
    QList<ChartPanel*> m_charts;
    DumpPanel* m_dump = nullptr;
    MethodsPanel* m_methodsPanel = nullptr;
    ParamForm* m_form = nullptr;
    ResultsPanel* m_resultsPanel = nullptr;
    QDockWidget *m_problemsDock = nullptr, *m_calibrationDock = nullptr;
    CalibrationPanel* m_calibration = nullptr;
    FileChangedBar* m_changed = nullptr;
    StatusLine* m_status = nullptr;
    QAction* m_modelEntry = nullptr;
    QLabel* m_modelName = nullptr;
    RecentFiles* m_recent = nullptr;
    QActionGroup* m_themes = nullptr;
    QByteArray m_defaultLayout;
    QSet<QString> m_awaited; ///< methods whose first full result of this dump is not there yet
    bool m_sweepAfterOpen = false;
    bool m_unsavedCapture = false, m_savingCapture = false;
    std::function<void()> m_afterSave; ///< what the question about an unsaved capture held up
    ThemeMode m_theme = ThemeMode::System;
};

} // namespace pikv::ui
