// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QWidget>

class QHBoxLayout;
class QLabel;
class QMenu;
class QVBoxLayout;

namespace pikv::ui {

class ChartSource;

/// A chart with its controls above and its notes below; copies and exports it.
class ChartPanel : public QWidget {
    Q_OBJECT
public:
    explicit ChartPanel(QWidget* parent = nullptr);

    virtual ChartSource& chart() = 0;
    /// Choices of the panel (metrics, scales, hidden methods) for the settings; restoreState ignores what it does not
    /// know.
    virtual QByteArray saveState() const = 0;
    virtual void restoreState(const QByteArray& state) = 0;

public Q_SLOTS:
    /// Opens the export dialog and writes the file.
    void exportChart();
    /// Puts the chart as an image on the clipboard, in the screen's colours.
    void copyImage();

Q_SIGNALS:
    void exported(const QString& path);
    /// One sentence that names the file and the reason.
    void exportFailed(const QString& message);

protected:
    void contextMenuEvent(QContextMenuEvent* event) override;
    /// Entries of the panel's own in the context menu, above copy and export.
    virtual void extendMenu(QMenu& menu);
    QHBoxLayout* controls() const { return m_controls; }
    /// Puts the chart below the controls.
    void setChartWidget(QWidget* chart);
    void setNotes(const QStringList& notes);

private:
    QHBoxLayout* m_controls;
    QVBoxLayout* m_layout;
    QLabel* m_notes;
};

} // namespace pikv::ui
