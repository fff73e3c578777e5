// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/metrics.h"

namespace pikv {

/// The entries of metrics(), in CSV order.
std::vector<MetricInfo> metricEntries();

} // namespace pikv
