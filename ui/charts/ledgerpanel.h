// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chartpanel.h"

class QItemSelectionModel;

namespace pikv::ui {

class LedgerChart;
class ResultsModel;

/// The byte ledger as bars above and as a table below.
class LedgerPanel : public ChartPanel {
    Q_OBJECT
public:
    LedgerPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);

    ChartSource& chart() override;
    LedgerChart* ledgerChart() const { return m_chart; }

protected:
    void extendMenu(QMenu& menu) override;

private:
    LedgerChart* m_chart;
};

} // namespace pikv::ui
