// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/study/study.h"
#include <string>
#include <vector>

namespace pikv {

/// The seed project's predictor on each result's setting, for dumps whose model is not at hand: a random read-out of
/// the dump's attention. Labelled as the proxy that it is.
struct ProxyRow {
    MethodSpec method;
    ImportanceSpec importance;
    ProxyResult proxy;
};
/// Progress is "Next-token proxy 3/12: " and what the proxy tells.
std::vector<ProxyRow> proxyRows(const CachePtr& cache, const StudySettings& settings,
    const std::vector<EvaluationResult>& results, const JobControl& job);

std::string proxyCsv(const std::vector<ProxyRow>& rows);
/// A section of the trade-off analysis.
std::string proxySection(const std::vector<ProxyRow>& rows);

} // namespace pikv
