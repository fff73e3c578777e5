// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/nexttoken/tokenbarview.h"

class QChartView;

namespace pikv::ui {

/// The paired bars on Qt Charts.
class QtTokenBars : public TokenBarView {
public:
    explicit QtTokenBars(QWidget* parent);

    void setData(const TokenBarData& data, const ChartStyle& style) override;
    void paint(const ChartSheet& sheet) override;
    QRectF plotArea() const override;

private:
    QChartView* m_view;
    TokenBarData m_data;
};

} // namespace pikv::ui
