// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/metrics.h"

namespace pikv {

/// The entries of allMetrics(), in CSV order; what is no column of results may stand anywhere.
std::vector<MetricInfo> metricEntries();

} // namespace pikv
