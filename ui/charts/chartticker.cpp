// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/chartticker.h"
#include "ui/models/metrictext.h"

namespace pikv::ui {

/// `ticks` without those that stand where the axis is broken: the strip holds no numbers of the scale.
QVector<double> ChartTicker::beyondBreak(QVector<double> ticks) const
{
    if (m_log && m_breakStrip > 0 && m_range.lower > 0) {
        const double first = m_range.lower * std::pow(m_range.upper / m_range.lower, m_breakStrip);
        ticks.removeIf([first](double tick) { return tick < first; });
    }
    return ticks;
}

QVector<double> ChartTicker::createTickVector(double tickStep, const QCPRange& range)
{
    m_range = range;
    const QVector<double> ticks = m_log && range.lower > 0 ? decadeTicks(range.lower, range.upper) : QVector<double>();
    m_decades = !ticks.isEmpty();
    return beyondBreak(m_decades ? ticks : QCPAxisTicker::createTickVector(tickStep, range));
}

int ChartTicker::getSubTickCount(double tickStep)
{
    // On decades any positive count will do: it only makes the base class ask for the sub ticks.
    return m_decades ? 1 : QCPAxisTicker::getSubTickCount(tickStep);
}

QVector<double> ChartTicker::createSubTickVector(int subTickCount, const QVector<double>& ticks)
{
    if (!m_decades)
        return beyondBreak(QCPAxisTicker::createSubTickVector(subTickCount, ticks));
    QVector<double> sub;
    if (std::log10(m_range.upper / m_range.lower) > 8)
        return sub;
    for (int e = int(std::floor(std::log10(m_range.lower))); e <= int(std::ceil(std::log10(m_range.upper))); ++e) {
        for (int step = 1; step <= 9; ++step)
            sub << step * std::pow(10.0, e);
    }
    return beyondBreak(sub);
}

QVector<QString> ChartTicker::createLabelVector(const QVector<double>& ticks, const QLocale&, QChar, int)
{
    if (!m_bytes)
        return tickLabels(ticks);
    QVector<QString> labels;
    for (const double tick : ticks)
        labels << bytesTickText(tick);
    return labels;
}

} // namespace pikv::ui
