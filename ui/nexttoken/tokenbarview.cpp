// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/nexttoken/tokenbarview.h"
#ifdef PIKV_WITH_QTCHARTS
#include "ui/nexttoken/qttokenbars.h"
#else
#include "ui/charts/barchart.h"
#include "ui/models/metrictext.h"
#include <QVBoxLayout>
#endif

namespace pikv::ui {
#ifdef PIKV_WITH_QTCHARTS

TokenBarView* makeTokenBarView(QWidget* parent) { return new QtTokenBars(parent); }

#else
namespace {

/// One list of bars, each with its token and its cache as its name.
BarChartData flat(const TokenBarData& data)
{
    BarChartData bars { data.axisTitle, {}, false, false };
    for (qsizetype token = 0; token < data.tokens.size(); ++token)
        for (const TokenBarData::Set& set : data.sets)
            bars.bars << Bar { data.tokens[token] + QStringLiteral("  ") + set.name, shortNumber(set.values[token]),
                set.values[token], set.color, QPen(Qt::NoPen) };
    return bars;
}

class FlatBars : public TokenBarView {
public:
    explicit FlatBars(QWidget* parent)
        : TokenBarView(parent)
        , m_bars(makeBarChart(defaultBarBackend(), this))
    {
        auto* layout = new QVBoxLayout(this);
        layout->setContentsMargins(0, 0, 0, 0);
        layout->addWidget(m_bars);
    }
    void setData(const TokenBarData& data, const ChartStyle& style) override { m_bars->setData(flat(data), style); }
    void paint(const ChartSheet& sheet) override { m_bars->paint(sheet); }
    QRectF plotArea() const override { return m_bars->plotArea().translated(m_bars->pos()); }

private:
    BarChart* m_bars;
};

} // namespace

TokenBarView* makeTokenBarView(QWidget* parent) { return new FlatBars(parent); }

#endif
} // namespace pikv::ui
