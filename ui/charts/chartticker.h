// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/qcp.h"
#include "ui/charts/ticklabels.h"

namespace pikv::ui {

/// Ticks of a linear or logarithmic axis. Keeps several labels on a narrow logarithmic range, where QCPAxisTickerLog
/// shows one decade or none; sizes are labelled "2.5 MB".
class ChartTicker : public QCPAxisTicker {
public:
    /// `breakStrip`: the share of a logarithmic axis, from its lower edge on, that stands for zero and has no ticks.
    ChartTicker(bool log, bool bytes, double breakStrip = 0)
        : m_log(log)
        , m_bytes(bytes)
        , m_breakStrip(breakStrip)
    {
    }

protected:
    QVector<double> createTickVector(double tickStep, const QCPRange& range) override;
    QVector<double> createSubTickVector(int subTickCount, const QVector<double>& ticks) override;
    int getSubTickCount(double tickStep) override;
    QVector<QString> createLabelVector(
        const QVector<double>& ticks, const QLocale& locale, QChar format, int precision) override;

private:
    QVector<double> beyondBreak(QVector<double> ticks) const;

    QCPRange m_range;
    bool m_log, m_bytes, m_decades = false;
    double m_breakStrip;
};

} // namespace pikv::ui
