// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include <functional>
#include <string>
#include <vector>

namespace pikv {

/// A named set of specs with lists.
struct SweepPreset {
    std::string name, sentence;
    std::vector<std::string> specs;
    std::vector<ImportanceSpec> importances; ///< each spec is measured with each; empty: with the user's own choice
};
/// "default": every method's own sweep. "seed": the comprehensive test of the project that this one grew from, its six
/// methods with its parameters at three importance levels.
const std::vector<SweepPreset>& sweepPresets();
/// Throws Error{Usage} naming the known ones.
const SweepPreset& findSweepPreset(const std::string& name);

using ResultSink = std::function<void(const EvaluationResult&)>;
/// Evaluates every point of `points` (settings beside the method come from `base`), in order; `done` gets each result
/// as it comes. A point that fails is handed to `failed` and the sweep goes on; cancellation ends it.
void runSweep(const EvaluationRequest& base, const std::vector<MethodSpec>& points, const ResultSink& done,
    const std::function<void(const MethodSpec&, const Problem&)>& failed, const JobControl& job);

/// Indices of the results that no other result beats in both metrics (smaller x; y by its direction), by rising x.
/// Results with NaN in either are left out; equal points are all kept.
std::vector<std::size_t> paretoFront(
    const std::vector<EvaluationResult>& results, const MetricInfo& x, const MetricInfo& y);

} // namespace pikv
