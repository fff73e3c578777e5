// SPDX-License-Identifier: GPL-3.0-or-later
// What stands around the charts.
#pragma once
#include <QList>
#include <QObject>

class QAction;
class QDockWidget;
class QMainWindow;

namespace pikv::ui {

class CalibrationPanel;
class DumpMeansPanel;
class DumpPanel;
class MethodsPanel;
class ParamForm;
class QueuePanel;
class ResultsPanel;
class Session;

/// The panels around the charts, each in a dock, wired to the session; where they stand at first.
class Docks : public QObject {
    Q_OBJECT
public:
    Docks(Session* session, QMainWindow* window);

    MethodsPanel* methods() const { return m_methods; }
    ParamForm* form() const { return m_form; }
    ResultsPanel* results() const { return m_results; }
    QueuePanel* queue() const { return m_queue; }
    DumpMeansPanel* means() const { return m_means; }
    /// One a dock, for a menu: shows the dock in front, or hides it.
    QList<QAction*> toggles() const;
    void showCalibration();
    void showResults();
    void showQueue();
    /// For a layout that was restored: a panel of problems without one is no start.
    void hideEmptyProblems();

Q_SIGNALS:
    /// The user wants to say which tensors of the open dump are keys and values.
    void mappingRequested();

private:
    QDockWidget* add(const QString& title, const char* name, QWidget* content, Qt::DockWidgetArea area);
    void createSide();
    void createBelow();
    void arrange();
    void connectPanels();
    void connectCalibration();
    void noteProblems();

    Session* m_session;
    QMainWindow* m_window;
    DumpPanel* m_dump = nullptr;
    MethodsPanel* m_methods = nullptr;
    ParamForm* m_form = nullptr;
    ResultsPanel* m_results = nullptr;
    QueuePanel* m_queue = nullptr;
    DumpMeansPanel* m_means = nullptr;
    CalibrationPanel* m_calibration = nullptr;
    QDockWidget *m_resultsDock = nullptr, *m_queueDock = nullptr, *m_problemsDock = nullptr,
                *m_calibrationDock = nullptr, *m_meansDock = nullptr;
    QList<QDockWidget*> m_docks;
    bool m_hasMeans = false;
};

} // namespace pikv::ui
