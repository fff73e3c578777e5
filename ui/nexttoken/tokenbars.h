// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/barchart.h"
#include "ui/charts/chart.h"

namespace pikv::ui {

class NextTokenController;

/// Probabilities of a few tokens under several caches.
struct TokenBarData {
    struct Set {
        QString name; ///< "Original", "KIVI"
        QColor color;
        QList<double> values; ///< one a token, 0 to 1; NaN: not known
        bool stale = false;
        std::optional<Marker> marker = {}; ///< of the method; none for the original
    };
    QStringList tokens; ///< from top to bottom
    QList<Set> sets; ///< of each token's bars from top to bottom
    QString axisTitle;
};
/// As bars, a group a token.
BarChartData tokenBarChart(const TokenBarData& data, const ChartStyle& style);

/// The most likely next tokens at the cursor: original beside every checked method. The arrow keys move the cursor.
class TokenBars : public Chart {
    Q_OBJECT
public:
    explicit TokenBars(NextTokenController* controller, QWidget* parent = nullptr);

    /// As on screen.
    const TokenBarData& data() const { return m_data; }

    QString chartTitle() const override;
    void paintChart(const ChartSheet& sheet) override;

protected:
    void refresh(const ChartStyle& style) override;
    bool hasData() const override { return !m_data.sets.isEmpty(); }
    QString description() const override;
    QString emptyText() const override;
    QString tooltipAt(QPointF position) const override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    TokenBarData makeData(const ChartStyle& style) const;

    NextTokenController* m_controller;
    BarChart* m_view;
    TokenBarData m_data;
};

} // namespace pikv::ui
