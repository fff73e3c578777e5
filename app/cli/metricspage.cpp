// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/metricspage.h"
#include "core/eval/metrics.h"

namespace pikv::cli {
namespace {

/// Where the figure exists beside the row of a result.
std::string placesOf(const MetricInfo& metric)
{
    if (metric.quality)
        return "run, layer, head";
    return metric.position ? "run, position" : "run";
}

std::string row(const MetricInfo& metric)
{
    const std::string better = metric.better == Better::Lower ? "lower"
        : metric.better == Better::Higher                     ? "higher"
                                                              : "";
    return "| `" + std::string(metric.name) + "` | " + std::string(metric.label) + " | " + std::string(metric.unit)
        + " | " + better + " | " + placesOf(metric) + " | " + std::string(metric.help) + " |\n";
}

std::string section(const std::string& title, MetricGroup group)
{
    std::string text = "\n## " + title
        + "\n\n| name | label | unit | better | of each | meaning |\n| --- | --- | --- | --- | --- | --- |\n";
    for (const MetricInfo& metric : metrics())
        if (metric.group == group)
            text += row(metric);
    return text;
}

} // namespace

std::string metricsPage()
{
    return "<!-- Written by packaging/update-docs from the table of metrics; edit core/eval/metricentries.cpp instead. "
           "-->\n# Metrics\n\nNames are those of CSV columns and JSON members.\n"
        + section("Size", MetricGroup::Size) + section("Speed", MetricGroup::Speed)
        + section("Quality", MetricGroup::Quality) + section("Next token (needs a model)", MetricGroup::NextToken);
}

} // namespace pikv::cli
