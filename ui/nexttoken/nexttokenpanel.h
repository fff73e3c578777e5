// SPDX-License-Identifier: GPL-3.0-or-later
// The next-token tab: text, bars, curves, table, continuations.
#pragma once
#include "ui/charts/chartpanel.h"
#include <QMap>
#include <vector>

class QCheckBox;
class QFrame;
class QLabel;
class QPushButton;
class QSpinBox;
class QSplitter;
class QTableView;
class QTextBrowser;

namespace pikv::ui {

class NextTokenController;
class PositionCurves;
class TokenBars;
class TokenText;

/// The next-token tab: the text with its cursor, the bars and curves of every checked method, their figures, and what
/// each cache writes on. Says what is missing where there is nothing to score, and shows the proxy instead.
class NextTokenPanel : public ChartPanel {
    Q_OBJECT
public:
    explicit NextTokenPanel(NextTokenController* controller, QWidget* parent = nullptr);

    ChartSource& chart() override; ///< bars, or the curves where they have the focus

Q_SIGNALS:
    /// The button that opens a model's file was pressed.
    void openModelRequested();
    /// The button that makes a dump of a text was pressed.
    void captureRequested();

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void extendMenu(QMenu& menu) override;
    void saveTo(QJsonObject& state) const override;
    void restoreFrom(const QJsonObject& state) override;

private:
    void createControls();
    QWidget* createObstacle();
    QSplitter* createCharts();
    void setKlShares(bool on);
    void showState();
    void showText();
    void showCursor();
    void showFigures();
    void writeOn();
    void showWritten();
    void copyPositions() const;
    void copyTable() const;

    NextTokenController* m_controller;
    QSpinBox* m_predict;
    QCheckBox *m_compressContinuation, *m_log, *m_klShares;
    QPushButton *m_write, *m_retry, *m_openModel, *m_capture;
    QFrame* m_obstacle;
    QLabel *m_explanation, *m_proxy, *m_where;
    QSplitter *m_main = nullptr, *m_charts = nullptr;
    TokenText* m_text;
    TokenBars* m_bars;
    PositionCurves* m_curves;
    QTableView* m_table;
    QTextBrowser* m_written;
    QMap<QString, std::vector<std::int64_t>> m_continuations; ///< by method; "" for the original
};

} // namespace pikv::ui
