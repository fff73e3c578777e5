// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/resultbars.h"
#include "ui/models/ledgermodel.h"

class QCustomPlot;

namespace pikv::ui {

/// What the bytes of every compared method are for: a bar each, stacked of the ledger's parts, in bits per element, so
/// that bars of one dump can be read against 16; a mark where the method's authors say that it ends.
class LedgerChart : public ResultBars {
    Q_OBJECT
public:
    LedgerChart(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);

    /// From the top bar to the bottom one.
    LedgerModel& ledger() { return m_ledger; }

    QString chartTitle() const override;
    void paintChart(const ChartSheet& sheet) override;

protected:
    void refresh(const ChartStyle& style) override;
    QString description() const override;
    QRectF plotArea() const override;
    QString tooltipOf(int row) const override;
    QString spoken(qsizetype bar) const override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void draw(QCustomPlot& plot, const ChartStyle& style, QSize size, bool onScreen) const;

    QCustomPlot* m_plot;
    LedgerModel m_ledger;
};

} // namespace pikv::ui
