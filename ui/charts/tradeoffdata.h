// SPDX-License-Identifier: GPL-3.0-or-later
// What the trade-off chart draws, made of results: points, labels, front, notes. Free of widgets.
#pragma once
#include "core/eval/metrics.h"
#include "ui/models/resultsmodel.h"
#include "ui/theme/chartstyle.h"
#include <QList>
#include <QPointF>
#include <QSet>
#include <QStringList>

namespace pikv::ui {

class DumpMeansModel;

/// What the trade-off chart shows: two metrics and how.
struct TradeoffAxes {
    const MetricInfo* x = nullptr;
    const MetricInfo* y = nullptr;
    bool logX = false, logY = false;
};

/// One result on the chart. A value that a logarithmic axis cannot hold sits on the axis' lower edge.
struct TradeoffPoint {
    int row = -1; ///< of the ResultsModel
    double x = 0, y = 0;
    bool edgeX = false, edgeY = false;
    bool current = false, stale = false, preview = false;
};

/// The points of one method by rising x.
struct TradeoffSeries {
    QString method, label;
    bool hidden = false;
    QList<TradeoffPoint> points;
    /// What a line joins: the sweep, or where it varies several parameters at once the best of it, because a line
    /// through a grid of parameters only zigzags. Live points are not part of it.
    QList<TradeoffPoint> line;
};

struct AxisSpan {
    double lower = 0, upper = 1;
};

/// One setting's mean over several dumps, and its 95 % intervals.
struct TradeoffMean {
    TradeoffPoint at; ///< its row is of the DumpMeansModel
    QString method;
    AxisSpan x, y; ///< a single point where there is no interval
};

/// Share of a logarithmic axis that lies beyond its break, where some point has no place on it.
inline constexpr double kBreakStrip = 0.08;

struct TradeoffData {
    QList<TradeoffSeries> series; ///< methods in the order of their first row
    QList<TradeoffPoint> front; ///< Pareto front over the visible methods, from best to worst x
    QList<TradeoffMean> means; ///< of visible methods
    QStringList notes; ///< what could not be drawn at its place, a sentence each
    int shown = 0; ///< points of visible methods
    bool brokenX = false, brokenY = false; ///< some visible point sits on that axis' lower edge

    QList<TradeoffPoint> visiblePoints() const;
    /// The visible point of a row of the model; null where it has none.
    const TradeoffPoint* find(int row) const;
    /// Whether any method, hidden ones included, has a point.
    bool hasPoints() const;
};

/// The means of a model of them at this importance, of methods that are not hidden. Where the axes were not measured a
/// mean is left out.
QList<TradeoffMean> tradeoffMeans(const DumpMeansModel& model, const TradeoffAxes& axes,
    const QSet<QString>& hiddenMethods, const ImportanceSpec& importance);

/// Reads the model. Stale results stay; those without one of the two values are counted in a note.
TradeoffData tradeoffData(const ResultsModel& model, const TradeoffAxes& axes, const QSet<QString>& hiddenMethods);

/// Range of the visible values, on a logarithmic axis of the positive ones; some range where there are none.
AxisSpan dataSpan(const TradeoffData& data, bool ofX, bool log);
/// The same with a margin and, beyond that, the strip of a broken axis; never empty.
AxisSpan fittedSpan(const TradeoffData& data, bool ofX, bool log);

} // namespace pikv::ui
