// SPDX-License-Identifier: GPL-3.0-or-later
// What every chart of the window has in common, once: when it is drawn, in which colours, what it says while it is
// empty, its tooltip and its description for screen readers. A chart derives, draws in refresh() and answers the rest.
#pragma once
#include "ui/export/chartsource.h"
#include <QTimer>
#include <QWidget>

namespace pikv::ui {

class EmptyHint;

/// How far the window has come: what a chart without data tells the user to do next.
enum class Readiness {
    NoDump, ///< no dump has been opened
    Open, ///< there is a dump
    Failed, ///< there is one, and something about it went wrong since it was opened
};

/// A widget that draws something of the window's state. Changes are drawn once a frame, those of a hidden chart when
/// it is shown.
class Chart : public QWidget, public ChartSource {
    Q_OBJECT
public:
    /// Brings the chart up to date at once instead of with the next frame.
    void refreshNow();
    void setReadiness(Readiness readiness);

Q_SIGNALS:
    /// The chart shows what there is; once a frame at most.
    void refreshed();
    /// What could not be drawn at its place has changed; a sentence each.
    void notesChanged(const QStringList& notes);

protected:
    /// `emptyText` says what to do while there is a dump and nothing to draw.
    Chart(const QString& objectName, const QString& accessibleName, const QString& emptyText, QWidget* parent);

    enum class Mouse { OfChart, OfView };
    /// The widget that draws, over the whole chart; has the mouse itself or leaves it to the chart.
    void setView(QWidget* view, Mouse mouse = Mouse::OfChart);
    void scheduleRefresh();
    ChartStyle screen() const { return screenStyle(palette(), font()); }
    Readiness readiness() const { return m_readiness; }

    /// Reads the state and draws it.
    virtual void refresh(const ChartStyle& style) = 0;
    /// Whether there is something to draw, after refresh().
    virtual bool hasData() const = 0;
    /// The chart in words, for screen readers.
    virtual QString description() const = 0;
    /// What the chart says instead of its data.
    virtual QString emptyText() const;
    virtual QStringList notes() const { return {}; }
    /// Rich text about what is at `position` of this widget; empty: nothing.
    virtual QString tooltipAt(QPointF position) const;
    /// Palette or font have changed.
    virtual void restyle() { refreshNow(); }

    /// Shows a tooltip, or hides it where the text is empty.
    void showTooltip(const QString& text, QPoint globalPosition);
    /// Tells a screen reader where the keyboard's cursor has come to.
    void announce(const QString& text);

    void mouseMoveEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    EmptyHint* m_empty;
    QString m_emptyText;
    QStringList m_notes;
    QTimer m_timer;
    Readiness m_readiness = Readiness::NoDump;
    bool m_pending = false;
};

} // namespace pikv::ui
