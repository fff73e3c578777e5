// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/proxypredictor.h"
#include <string>
#include <vector>

namespace pikv::cli {

class Session;

/// The seed project's predictor on each result's setting, for dumps whose model is not at hand: a random read-out of
/// the dump's attention. Labelled as the proxy that it is.
struct ProxyRow {
    MethodSpec method;
    ImportanceSpec importance;
    ProxyResult proxy;
};
std::vector<ProxyRow> proxyRows(
    const EvaluationRequest& request, const std::vector<EvaluationResult>& results, Session& session);

std::string proxyCsv(const std::vector<ProxyRow>& rows);
/// A section of the trade-off analysis.
std::string proxySection(const std::vector<ProxyRow>& rows);

} // namespace pikv::cli
