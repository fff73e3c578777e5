// SPDX-License-Identifier: GPL-3.0-or-later
// What the trade-off chart shows of the results: points by method, the lines that join them, the Pareto front, notes.
#include "ui/charts/tradeoffdata.h"
#include "core/codec/registry.h"
#include "core/eval/pareto.h"
#include "ui/charts/axisvalue.h"
#include "ui/models/dumpmeansmodel.h"
#include "ui/models/metrictext.h"
#include <QCoreApplication>
#include <set>
#include <unordered_map>

namespace pikv::ui {
namespace {

QString tr(const char* s) { return QCoreApplication::translate("Tradeoff", s); }

using SeriesIndex = std::unordered_map<std::string, qsizetype>; ///< by method

TradeoffSeries& seriesOf(TradeoffData& data, SeriesIndex& index, const ResultsModel& model, int row)
{
    const std::string& id = model.row(row).result->method.id;
    const auto known = index.find(id);
    if (known != index.end())
        return data.series[known->second];
    index.emplace(id, data.series.size());
    const QModelIndex cell = model.index(row, ResultsModel::MethodColumn);
    data.series.append({ QString::fromStdString(id), cell.data().toString(), false, {}, {} });
    return data.series.last();
}

TradeoffPoint makePoint(const ResultsModel& model, int row, const TradeoffAxes& axes)
{
    const ResultRow& source = model.row(row);
    TradeoffPoint point { row, axisValue(*axes.x, axes.logX, *source.result),
        axisValue(*axes.y, axes.logY, *source.result) };
    point.edgeX = axes.logX && point.x <= 0;
    point.edgeY = axes.logY && point.y <= 0;
    point.current = source.current;
    point.stale = source.stale;
    point.preview = source.result->preview;
    return point;
}

QString edgeNote(const TradeoffSeries& series, const MetricInfo& metric, double value, const char* edge)
{
    return tr("%1: %2 is %3, drawn at the %4 edge of the logarithmic axis")
        .arg(series.label, axisLabel(metric, true), shortNumber(value), tr(edge));
}

void addEdgeNotes(TradeoffData& data, const TradeoffAxes& axes)
{
    for (const TradeoffSeries& series : std::as_const(data.series)) {
        if (series.hidden)
            continue;
        const auto first = [&](bool TradeoffPoint::*flag) {
            return std::find_if(series.points.begin(), series.points.end(), [&](auto& p) { return p.*flag; });
        };
        if (const auto p = first(&TradeoffPoint::edgeX); p != series.points.end())
            data.notes << edgeNote(series, *axes.x, p->x, "left");
        if (const auto p = first(&TradeoffPoint::edgeY); p != series.points.end())
            data.notes << edgeNote(series, *axes.y, p->y, "lower");
    }
}

/// The points of `points` on their common Pareto front, from best to worst x.
QList<TradeoffPoint> frontOf(const QList<TradeoffPoint>& points, const ResultsModel& model, const TradeoffAxes& axes)
{
    std::vector<std::pair<double, double>> values;
    values.reserve(std::size_t(points.size()));
    for (const TradeoffPoint& point : points) {
        const EvaluationResult& result = *model.row(point.row).result;
        values.emplace_back(axes.x->value(result), axes.y->value(result));
    }
    QList<TradeoffPoint> front;
    for (const std::size_t i : paretoFront(values, axes.x->better, axes.y->better))
        front << points.at(qsizetype(i));
    const bool rising = axes.x->better != Better::Higher;
    std::stable_sort(
        front.begin(), front.end(), [rising](const auto& a, const auto& b) { return rising ? a.x < b.x : a.x > b.x; });
    return front;
}

/// Whether more than one parameter (the importance source is one, too) is not the same in all points.
bool variesSeveral(const QList<TradeoffPoint>& points, const ResultsModel& model)
{
    if (points.isEmpty())
        return false;
    const EvaluationResult& first = *model.row(points.first().row).result;
    const MethodInfo* method = Registry::instance().find(first.method.id);
    std::set<std::string> varied; // the importance source as ""
    for (const TradeoffPoint& point : points) {
        const EvaluationResult& result = *model.row(point.row).result;
        if (!(result.importance == first.importance))
            varied.insert(std::string());
        if (method && !(result.method.params == first.method.params)) {
            for (const ParamSpec& param : method->params) {
                if (result.method.params.value(param.name) != first.method.params.value(param.name))
                    varied.insert(param.name);
            }
        }
        if (varied.size() > 1)
            return true;
    }
    return false;
}

void addLine(TradeoffSeries& series, const ResultsModel& model, const TradeoffAxes& axes)
{
    QList<TradeoffPoint> sweep;
    std::copy_if(
        series.points.begin(), series.points.end(), std::back_inserter(sweep), [](auto& p) { return !p.current; });
    series.line = variesSeveral(sweep, model) ? frontOf(sweep, model, axes) : sweep;
}

void addFront(TradeoffData& data, const ResultsModel& model, const TradeoffAxes& axes)
{
    data.front = frontOf(data.visiblePoints(), model, axes);
}

} // namespace

QList<TradeoffPoint> TradeoffData::visiblePoints() const
{
    QList<TradeoffPoint> points;
    for (const TradeoffSeries& each : series) {
        if (!each.hidden)
            points << each.points;
    }
    return points;
}

const TradeoffPoint* TradeoffData::find(int row) const
{
    for (const TradeoffSeries& each : series) {
        if (each.hidden)
            continue;
        for (const TradeoffPoint& point : each.points) {
            if (point.row == row)
                return &point;
        }
    }
    return nullptr;
}

bool TradeoffData::hasPoints() const
{
    return std::any_of(series.begin(), series.end(), [](const auto& each) { return !each.points.isEmpty(); });
}

TradeoffData tradeoffData(const ResultsModel& model, const TradeoffAxes& axes, const QSet<QString>& hiddenMethods)
{
    TradeoffData data;
    SeriesIndex index;
    int missing = 0;
    for (int row = 0; row < model.resultCount(); ++row) {
        TradeoffSeries& series = seriesOf(data, index, model, row);
        series.hidden = hiddenMethods.contains(series.method);
        const TradeoffPoint point = makePoint(model, row, axes);
        const bool drawable = std::isfinite(point.x) && std::isfinite(point.y);
        if (drawable)
            series.points << point;
        if (series.hidden)
            continue;
        drawable ? ++data.shown : ++missing;
        data.brokenX |= drawable && point.edgeX;
        data.brokenY |= drawable && point.edgeY;
    }
    for (TradeoffSeries& series : data.series) {
        std::stable_sort(series.points.begin(), series.points.end(),
            [](const auto& a, const auto& b) { return a.x != b.x ? a.x < b.x : a.y < b.y; });
        addLine(series, model, axes);
    }
    addFront(data, model, axes);
    addEdgeNotes(data, axes);
    if (missing)
        data.notes << tr("Results without a value for these axes, not shown: %1").arg(missing);
    return data;
}

QList<TradeoffMean> tradeoffMeans(const DumpMeansModel& model, const TradeoffAxes& axes,
    const QSet<QString>& hiddenMethods, const ImportanceSpec& importance)
{
    QList<TradeoffMean> means;
    for (int row = 0; row < model.rowCount(); ++row) {
        const DumpsMean& mean = model.mean(row);
        const QString method = QString::fromStdString(mean.setting.method.id);
        if (hiddenMethods.contains(method) || !(mean.setting.importance == importance))
            continue;
        const auto span = [&](const MetricInfo& metric, bool log) {
            const MeanInterval& interval = mean.of(metric);
            const double middle = axisValue(metric, log, interval.mean);
            if (std::isnan(interval.low) || std::isnan(interval.high))
                return std::pair(middle, AxisSpan { middle, middle });
            const double low = axisValue(metric, log, interval.low), high = axisValue(metric, log, interval.high);
            return std::pair(middle, AxisSpan { std::min(low, high), std::max(low, high) });
        };
        const auto [x, xSpan] = span(*axes.x, axes.logX);
        const auto [y, ySpan] = span(*axes.y, axes.logY);
        if (!std::isfinite(x) || !std::isfinite(y))
            continue;
        TradeoffMean one { {}, method, xSpan, ySpan };
        one.at.row = row;
        one.at.x = x;
        one.at.y = y;
        one.at.edgeX = axes.logX && x <= 0;
        one.at.edgeY = axes.logY && y <= 0;
        means << one;
    }
    return means;
}

AxisSpan dataSpan(const TradeoffData& data, bool ofX, bool log)
{
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const TradeoffMean& mean : data.means) {
        const AxisSpan& span = ofX ? mean.x : mean.y;
        for (const double value : { span.lower, span.upper }) {
            if (log && value <= 0)
                continue;
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    for (const TradeoffSeries& series : data.series) {
        if (series.hidden)
            continue;
        for (const TradeoffPoint& point : series.points) {
            const double value = ofX ? point.x : point.y;
            if (log && value <= 0)
                continue;
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    if (low > high)
        return { log ? 0.1 : 0, 1 };
    return { low, high };
}

AxisSpan fittedSpan(const TradeoffData& data, bool ofX, bool log)
{
    const AxisSpan span = dataSpan(data, ofX, log);
    const double low = log ? std::log10(span.lower) : span.lower, high = log ? std::log10(span.upper) : span.upper;
    const double least = log ? 0.15 : std::max(std::abs(high), std::abs(low)) * 0.02;
    const double margin = std::max((high - low) * 0.07, least > 0 ? least : 0.5);
    double lower = low - margin;
    const double upper = high + margin;
    if (log && (ofX ? data.brokenX : data.brokenY))
        lower = (lower - kBreakStrip * upper) / (1 - kBreakStrip); // the data begins where the strip ends
    return log ? AxisSpan { std::pow(10, lower), std::pow(10, upper) } : AxisSpan { lower, upper };
}

} // namespace pikv::ui
