// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>

namespace pikv::cli {

/// Every figure of core/eval/metrics.h as Markdown: resources/docs/metrics.md.
std::string metricsPage();

} // namespace pikv::cli
