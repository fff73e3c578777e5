// SPDX-License-Identifier: GPL-3.0-or-later
// A tab of the window with a chart: controls above, notes below; the choice of its axes, its stored state, its context
// menu, image and export.
#pragma once
#include "ui/charts/axischoice.h"
#include "ui/charts/chart.h"
#include <QWidget>

class QCheckBox;
class QHBoxLayout;
class QJsonObject;
class QLabel;
class QMenu;
class QVBoxLayout;

namespace pikv::ui {

class ChartPanel : public QWidget {
    Q_OBJECT
public:
    explicit ChartPanel(QWidget* parent = nullptr);

    /// What is exported and copied: of several charts the one that has the keyboard's focus.
    virtual ChartSource& chart() = 0;
    /// Choices of the panel (metrics, scales, hidden methods) for the settings; restoreState ignores what it does not
    /// know.
    QByteArray saveState() const;
    void restoreState(const QByteArray& state);
    /// What the panel's charts say while they are empty.
    void setReadiness(Readiness readiness);

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
    virtual void saveTo(QJsonObject& state) const;
    virtual void restoreFrom(const QJsonObject& state);
    /// An axis, or its scale, is another.
    virtual void applyAxes() { }

    /// A metric and its scale, added to the controls and kept in the state; signals through applyAxes().
    AxisChoice* addAxis(const AxisNames& names, AxisChoice::FirstScale first = AxisChoice::FirstScale::OfMetric);
    /// A check box among the controls that says "log".
    QCheckBox* addLogBox(const QString& objectName, const QString& accessibleName);
    /// A line among the controls that takes the room they leave, and keeps its whole text in the tooltip.
    QLabel* addCaption(const QString& objectName);
    static void setCaption(QLabel* caption, const QString& text);
    QHBoxLayout* controls() const { return m_controls; }
    /// Puts the chart below the controls; its notes come below it.
    void setChartWidget(QWidget* widget);

private:
    void setNotes(const QStringList& notes);
    void exportOne(ChartSource& source);
    void copyOne(ChartSource& source);

    QHBoxLayout* m_controls;
    QVBoxLayout* m_layout;
    QLabel* m_notes;
    QList<AxisChoice*> m_axes;
    AxisScales m_scales;
};

} // namespace pikv::ui
