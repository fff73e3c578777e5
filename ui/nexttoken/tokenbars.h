// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/nexttoken/tokenbarview.h"

namespace pikv::ui {

class NextTokenController;
class RefreshTimer;

/// The most likely next tokens at the cursor: original beside every checked method.
class TokenBars : public QWidget, public ChartSource {
    Q_OBJECT
public:
    explicit TokenBars(NextTokenController* controller, QWidget* parent = nullptr);

    /// As on screen.
    const TokenBarData& data() const { return m_data; }
    void refreshNow();

    QString chartTitle() const override;
    void paintChart(const ChartSheet& sheet) override;

Q_SIGNALS:
    /// The bars show what the controller had.
    void refreshed();

protected:
    void mouseMoveEvent(QMouseEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    TokenBarData makeData(const ChartStyle& style) const;

    NextTokenController* m_controller;
    TokenBarView* m_view;
    RefreshTimer* m_refresh;
    TokenBarData m_data;
};

} // namespace pikv::ui
