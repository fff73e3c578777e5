// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/ticklabels.h"
#include "ui/models/metrictext.h"
#include <algorithm>
#include <cmath>

namespace pikv::ui {
namespace {

constexpr double kLeastPlain = 9.99e-4, kMostPlain = 99'999; // "0.001" to "50000"
constexpr int kMostDigits = 9;

bool plain(const QList<double>& ticks)
{
    return std::all_of(ticks.begin(), ticks.end(),
        [](double tick) { return tick == 0 || (std::abs(tick) >= kLeastPlain && std::abs(tick) <= kMostPlain); });
}

/// Values closer to zero than rounding errors of the others are zero.
double cleaned(double tick, double most) { return std::abs(tick) < most * 1e-12 ? 0 : tick; }

} // namespace

QStringList tickLabels(const QList<double>& ticks)
{
    double most = 0;
    for (const double tick : ticks)
        most = std::max(most, std::abs(tick));
    QList<double> values;
    for (const double tick : ticks)
        values << cleaned(tick, most);
    const bool inPowers = !plain(values);
    QStringList labels;
    for (int digits = 4; digits <= kMostDigits; ++digits) {
        labels.clear();
        for (const double value : values)
            labels << (inPowers ? scientificText(value) : QString::number(value, 'g', digits));
        if (inPowers || QStringList(labels).removeDuplicates() == 0)
            break;
    }
    return labels;
}

} // namespace pikv::ui
