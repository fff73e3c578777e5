// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/metrics.h"
#include <QString>

namespace pikv::ui {

/// The value that an axis draws: the metric's own, but for a cosine on a logarithmic axis its distance from 1, because
/// all good ones crowd just below 1.
double axisValue(const MetricInfo& metric, bool log, const EvaluationResult& result);
/// The same of a value of the metric.
double axisValue(const MetricInfo& metric, bool log, double value);
/// "Cosine similarity", or "1 − cosine similarity" where that is drawn.
QString axisLabel(const MetricInfo& metric, bool log);
/// The label with its unit.
QString axisTitle(const MetricInfo& metric, bool log);

} // namespace pikv::ui
