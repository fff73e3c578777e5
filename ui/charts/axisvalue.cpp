// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/axisvalue.h"
#include "ui/models/metrictext.h"
#include "ui/models/utf8.h"

namespace pikv::ui {
namespace {

bool isDistance(const MetricInfo& metric, bool log) { return log && metric.name.ends_with("cosine"); }

} // namespace

double axisValue(const MetricInfo& metric, bool log, const EvaluationResult& result)
{
    return axisValue(metric, log, metric.value(result));
}

double axisValue(const MetricInfo& metric, bool log, double value)
{
    return isDistance(metric, log) ? 1 - value : value;
}

QString axisLabel(const MetricInfo& metric, bool log)
{
    const QString label = utf8(metric.label);
    return isDistance(metric, log) ? QStringLiteral("1 − ") + label.at(0).toLower() + label.mid(1) : label;
}

QString axisTitle(const MetricInfo& metric, bool log)
{
    return isDistance(metric, log) ? axisLabel(metric, log) : axisTitle(metric);
}

} // namespace pikv::ui
