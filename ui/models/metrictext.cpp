// SPDX-License-Identifier: GPL-3.0-or-later
// Metrics in words: titles, values with units, tooltips, ticks, and which metrics a choice offers.
#include "ui/models/metrictext.h"
#include "core/base/text.h"
#include "core/codec/registry.h"
#include "core/eval/evaluator.h"
#include "ui/models/utf8.h"
#include <QCoreApplication>
#include <QLocale>
#include <algorithm>
#include <array>

namespace pikv::ui {
namespace {

QString unitText(const MetricInfo& metric) { return metric.unit == "x" ? QStringLiteral("×") : utf8(metric.unit); }
QString tr(const char* s) { return QCoreApplication::translate("MetricText", s); }

QString superscript(int exponent)
{
    static const QString digits = QStringLiteral("⁰¹²³⁴⁵⁶⁷⁸⁹");
    QString out = exponent < 0 ? QStringLiteral("⁻") : QString();
    for (const QChar c : QString::number(std::abs(exponent)))
        out += digits[c.digitValue()];
    return out;
}

QString stateText(const EvaluationResult& result)
{
    if (!result.measured.empty())
        return QStringLiteral("<br><i>%1</i>")
            .arg(tr("Measured %1").arg(QString::fromStdString(result.measured)).toHtmlEscaped());
    if (!result.preview)
        return {};
    return QStringLiteral("<br><i>%1</i>").arg(tr("Preview from %1 layers").arg(result.layersDone));
}

} // namespace

QString axisTitle(const MetricInfo& metric)
{
    const QString label = utf8(metric.label);
    return metric.unit.empty() || metric.unit == "bytes" ? label
                                                         : QStringLiteral("%1 (%2)").arg(label, unitText(metric));
}

QString columnTitle(const MetricInfo& metric)
{
    QString label = utf8(metric.shortLabel.empty() ? metric.label : metric.shortLabel);
    label[0] = label[0].toUpper();
    return metric.unit.empty() ? label : QStringLiteral("%1 (%2)").arg(label, unitText(metric));
}

QString powerOfTenText(double value)
{
    const double size = std::abs(value);
    if (value == 0 || (size >= 0.00999 && size < 10000))
        return QLocale::c().toString(value, 'g', 4);
    return scientificText(value);
}

QString scientificText(double value)
{
    const double size = std::abs(value);
    if (value == 0 || value == 1)
        return QString::number(value);
    int exponent = int(std::floor(std::log10(size) + 1e-9));
    double mantissa = std::round(value / std::pow(10.0, exponent) * 100) / 100;
    if (std::abs(mantissa) >= 10) {
        mantissa /= 10;
        ++exponent;
    }
    const QString power = QStringLiteral("10") + superscript(exponent);
    return mantissa == 1 ? power : QString::number(mantissa, 'g', 3) + QChar(0xd7) + power;
}

QString bytesTickText(double bytes)
{
    static const std::array units { "B", "kB", "MB", "GB", "TB" };
    std::size_t unit = 0;
    double size = bytes;
    for (; std::abs(size) >= 999.5 && unit + 1 < units.size(); ++unit)
        size /= 1000;
    return QString::number(size, 'g', 4) + QChar(0xa0) + QLatin1String(units[unit]);
}

QString shortNumber(double value)
{
    if (std::isnan(value))
        return tr("n/a");
    const double size = std::abs(value);
    if (size >= 1e5)
        return powerOfTenText(value);
    return size >= 1000 || value == 0 || size < 0.00999 ? powerOfTenText(value) : QString::number(value, 'g', 3);
}

QString metricText(const MetricInfo& metric, double value)
{
    if (std::isnan(value))
        return tr("not measured");
    if (metric.unit == "bytes")
        return bytesTickText(value);
    const QString number
        = std::abs(value) >= 1e-4 && std::abs(value) < 1e6 ? QString::number(value, 'g', 4) : powerOfTenText(value);
    return metric.unit.empty() ? number
                               : number + (metric.unit == "x" ? QString() : QString(QChar(0xa0))) + unitText(metric);
}

QString tooltipRow(const QString& name, const QString& value, bool strong)
{
    const QLatin1String open(strong ? "<b>" : ""), close(strong ? "</b>" : "");
    return QStringLiteral("<tr><td>%3%1%4&nbsp;&nbsp;</td><td align=right>%3%2%4</td></tr>")
        .arg(name.toHtmlEscaped(), value.toHtmlEscaped(), open, close);
}

namespace {

/// The parameters that have a value, by their names in the form.
QString parameterRows(const EvaluationResult& result)
{
    QString rows;
    const MethodInfo* method = Registry::instance().find(result.method.id);
    for (const std::string& part : splitTopLevel(printParams(result.method), ',')) {
        const auto at = part.find('=');
        if (at == std::string::npos || at + 1 == part.size())
            continue;
        QString name = QString::fromStdString(part.substr(0, at));
        for (std::size_t i = 0; method && i < method->params.size(); ++i) {
            if (method->params[i].name == part.substr(0, at))
                name = QString::fromStdString(method->params[i].label);
        }
        rows += tooltipRow(name, QString::fromStdString(part.substr(at + 1)), false);
    }
    if (result.importance.source != ImportanceSpec::Source::None)
        rows += tooltipRow(tr("Importance"), QString::fromStdString(printImportance(result.importance)), false);
    return rows;
}

/// What is measured; ratios that count shared bytes only where there are some, as they repeat the plain one else.
QString figureRows(const EvaluationResult& result, const MetricInfo* x, const MetricInfo* y)
{
    QString rows;
    for (const MetricInfo& metric : metrics()) {
        const double value = metric.value(result);
        const bool ofAxis = &metric == x || &metric == y;
        const bool ofShared
            = metric.name == "total_ratio" || metric.name == "amortised_ratio" || metric.name == "shared_bytes";
        if (!std::isnan(value) && (ofAxis || !ofShared || result.sharedBytes > 0))
            rows += tooltipRow(utf8(metric.label), metricText(metric, value), ofAxis);
    }
    return rows;
}

QString warningLines(const EvaluationResult& result)
{
    QString lines;
    for (const std::string& warning : result.warnings)
        lines += QStringLiteral("<br>⚠ ") + QString::fromStdString(warning).toHtmlEscaped();
    return lines;
}

} // namespace

QString resultTooltip(const EvaluationResult& result, const QString& label, const MetricInfo* x, const MetricInfo* y)
{
    // Side by side: below each other they would cover a third of the chart.
    return QStringLiteral("<b>%1</b>%2<table cellspacing=0><tr><td><table cellspacing=0>%3</table></td>"
                          "<td>&nbsp;&nbsp;&nbsp;</td><td><table cellspacing=0>%4</table></td></tr></table>%5")
        .arg(label.toHtmlEscaped(), stateText(result), parameterRows(result), figureRows(result, x, y),
            warningLines(result));
}

QString resultSentence(const EvaluationResult& result, const QString& label, const MetricInfo& x, const MetricInfo& y)
{
    const auto figure = [&](const MetricInfo& metric) {
        return QStringLiteral("%1 %2").arg(utf8(metric.label), metricText(metric, metric.value(result)));
    };
    const QString params
        = QString::fromStdString(printParams(result.method)).replace(QLatin1Char(','), QLatin1String(", "));
    const QString name = params.isEmpty() ? label : label + QLatin1String(", ") + params;
    return QStringLiteral("%1: %2, %3").arg(name, figure(x), figure(y));
}

std::vector<const MetricInfo*> sizeMetrics()
{
    std::vector<const MetricInfo*> found;
    for (const MetricInfo& metric : metrics())
        if (metric.group == MetricGroup::Size && metric.rank > 0)
            found.push_back(&metric);
    std::stable_sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->rank < b->rank; });
    return found;
}

std::vector<const MetricInfo*> qualityMetrics(bool withNextToken)
{
    std::vector<const MetricInfo*> found;
    for (const MetricGroup group : { MetricGroup::Quality, MetricGroup::NextToken, MetricGroup::Speed }) {
        for (const MetricInfo& metric : metrics()) {
            if (metric.group == group && !metric.onRequest && (withNextToken || group != MetricGroup::NextToken))
                found.push_back(&metric);
        }
    }
    return found;
}

std::vector<const MetricInfo*> comparisonMetrics(bool withNextToken)
{
    std::vector<const MetricInfo*> found = qualityMetrics(withNextToken);
    const std::vector<const MetricInfo*> sizes = sizeMetrics();
    found.insert(found.end(), sizes.begin(), sizes.end());
    return found;
}

bool hasNextToken(const EvaluationResult& result) { return pikv::hasNextToken(result.nextToken); }

QList<double> decadeTicks(double lower, double upper)
{
    const double decades = std::log10(upper / lower);
    const QList<double> steps = decades > 2.5 ? QList<double> { 1 }
        : decades > 1.2                       ? QList<double> { 1, 2, 5 }
                                              : QList<double> { 1, 1.5, 2, 3, 5, 7 };
    const int stride = decades > 2.5 ? qMax(1, int(std::ceil(decades / 6))) : 1;
    QList<double> ticks;
    for (int e = int(std::floor(std::log10(lower))); e <= int(std::ceil(std::log10(upper))); ++e) {
        if (e % stride)
            continue;
        for (const double step : steps) {
            const double tick = step * std::pow(10.0, e);
            if (tick >= lower * (1 - 1e-9) && tick <= upper * (1 + 1e-9))
                ticks << tick;
        }
    }
    return decades < 0.5 || ticks.size() < 2 ? QList<double>() : ticks;
}

} // namespace pikv::ui
