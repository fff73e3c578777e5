// SPDX-License-Identifier: GPL-3.0-or-later
// Ranges, ticks and places of bars, apart from what draws them.
#include "ui/charts/barchart.h"
#include "ui/charts/ticklabels.h"
#include "ui/models/metrictext.h"
#include <cmath>

namespace pikv::ui {
namespace {

constexpr double kLabelRoom = 0.14; // of the axis, for the value behind the longest bar

bool drawable(const BarChartData& data, double value) { return std::isfinite(value) && (!data.log || value > 0); }

/// Multiples of 1, 2 or 5 times a power of ten, about five of them.
QList<double> linearTicks(double lower, double upper)
{
    const double raw = (upper - lower) / 5, power = std::pow(10, std::floor(std::log10(raw)));
    const double step = (raw / power < 1.5 ? 1 : raw / power < 3.5 ? 2 : raw / power < 7.5 ? 5 : 10) * power;
    QList<double> ticks;
    for (double i = std::ceil(lower / step - 1e-9); i * step <= upper + step * 1e-9; ++i)
        ticks << i * step;
    return ticks;
}

void setLogGeometry(BarGeometry& geometry, double low, double high)
{
    geometry.lower = std::floor(std::log10(low) - 0.2);
    geometry.base = geometry.lower;
    geometry.upper = std::max(std::log10(high) + (std::log10(high) - geometry.lower) * kLabelRoom, geometry.lower + 1);
    const double least = std::pow(10, geometry.lower), most = std::pow(10, geometry.upper);
    const QList<double> ticks = decadeTicks(least, most);
    const QStringList labels = tickLabels(ticks);
    for (qsizetype i = 0; i < ticks.size(); ++i)
        geometry.ticks << QPair(std::log10(ticks[i]), labels[i]);
}

void setLinearGeometry(BarGeometry& geometry, const BarChartData& data, double low, double high)
{
    const double room = (std::max(high, 0.0) - std::min(low, 0.0)) * kLabelRoom;
    geometry.lower = low < 0 ? low - room : 0;
    geometry.upper = high > 0 ? high + room : room;
    const QList<double> ticks = linearTicks(geometry.lower, geometry.upper);
    const QStringList labels = tickLabels(ticks);
    for (qsizetype i = 0; i < ticks.size(); ++i)
        geometry.ticks << QPair(ticks[i], data.bytes ? bytesTickText(ticks[i]) : labels[i]);
}

/// Bars of a group touch each other; groups, or bars alone, have room between them.
void setPlaces(BarGeometry& geometry, const BarChartData& data)
{
    const double perGroup = data.groups.isEmpty() ? 1 : double(data.bars.size()) / double(data.groups.size());
    const double places = double(data.bars.size()) / perGroup, width = data.groups.isEmpty() ? kBarWidth : kGroupWidth;
    geometry.thickness = width / perGroup / std::max(1.0, places);
    for (qsizetype i = 0; i < data.bars.size(); ++i) {
        const double place = std::floor(double(i) / perGroup), within = double(i) - place * perGroup;
        geometry.centres << (place + (1 - width) / 2 + (within + 0.5) * width / perGroup) / places;
    }
}

} // namespace

BarGeometry barGeometry(const BarChartData& data)
{
    BarGeometry geometry;
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const Bar& bar : data.bars) {
        if (drawable(data, bar.value)) {
            low = std::min(low, bar.value);
            high = std::max(high, bar.value);
        }
    }
    if (low > high || (low == 0 && high == 0))
        low = high = 1;
    data.log ? setLogGeometry(geometry, low, high) : setLinearGeometry(geometry, data, low, high);
    for (const Bar& bar : data.bars) {
        const bool drawn = drawable(data, bar.value);
        geometry.ends << (!drawn ? geometry.base : data.log ? std::log10(bar.value) : bar.value);
    }
    setPlaces(geometry, data);
    return geometry;
}

} // namespace pikv::ui
