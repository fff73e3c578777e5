// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/metrics.h"
#include <QList>
#include <QString>
#include <vector>

namespace pikv::ui {

/// Label and unit: "Bits per element (bits)"; no unit for bytes, whose ticks name it.
QString axisTitle(const MetricInfo& metric);
/// Where the column stands among its group: "KL (nats)".
QString columnTitle(const MetricInfo& metric);
/// The value with its unit, three to four significant digits: "3.42 bits", "0.0123", "7.1 MB"; "not measured" for NaN.
QString metricText(const MetricInfo& metric, double value);
/// Three significant digits as an axis or a bar shows them: "0.02", "1.5×10⁻⁴".
QString shortNumber(double value);
/// "10⁻³", "5×10⁻⁴"; plain between 0.01 and 9999.
QString powerOfTenText(double value);
/// Always a power of ten: "10⁻³", "5×10⁻⁴", "2×10⁻²"; 0 and 1 as they are.
QString scientificText(double value);
/// "250 kB", "2.5 MB".
QString bytesTickText(double bytes);
/// A row of a tooltip's table, `strong` in bold.
QString tooltipRow(const QString& name, const QString& value, bool strong);
/// Tooltip of a result: method, every parameter and every figure, as rich text.
QString resultTooltip(
    const EvaluationResult& result, const QString& methodLabel, const MetricInfo* x, const MetricInfo* y);
/// The same in one sentence, for screen readers: "LoRA, rank=8, …: Bits per element 3.4, Attention error 0.012".
QString resultSentence(
    const EvaluationResult& result, const QString& methodLabel, const MetricInfo& x, const MetricInfo& y);

/// Metrics of the horizontal axis: the size in all its forms, the most telling first.
std::vector<const MetricInfo*> sizeMetrics();
/// Metrics that a quality axis offers: quality and speed, and next-token figures where `results` have them.
std::vector<const MetricInfo*> qualityMetrics(bool withNextToken);
/// Metrics that bars offer: the same and the sizes.
std::vector<const MetricInfo*> comparisonMetrics(bool withNextToken);
/// Whether any figure of the next-token test is there.
bool hasNextToken(const EvaluationResult& result);

/// Ticks of a logarithmic axis from `lower` to `upper` (both > 0): decades, with 2 and 5 between them where there is
/// room; empty when less than two would fit and a linear ticker does better.
QList<double> decadeTicks(double lower, double upper);

} // namespace pikv::ui
