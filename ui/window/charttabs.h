// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QTabWidget>

class QItemSelectionModel;

namespace pikv::ui {

class ChartPanel;
class NextTokenPanel;
class Session;

/// The charts of a session, one a tab.
class ChartTabs : public QTabWidget {
    Q_OBJECT
public:
    explicit ChartTabs(Session* session, QWidget* parent = nullptr);

    const QList<ChartPanel*>& panels() const { return m_panels; }
    ChartPanel* current() const { return m_panels.value(currentIndex()); }
    NextTokenPanel* nextToken() const { return m_nextToken; }

Q_SIGNALS:
    void exported(const QString& path);
    /// One sentence that names the file and the reason.
    void exportFailed(const QString& message);

protected:
    /// Escape takes the selection back, before the window takes it for Cancel.
    bool event(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    /// `name`: the key of the panel's choices in the settings.
    void add(ChartPanel* panel, const char* name, const QString& title);

    QList<ChartPanel*> m_panels;
    NextTokenPanel* m_nextToken;
    QItemSelectionModel* m_selection;
};

} // namespace pikv::ui
