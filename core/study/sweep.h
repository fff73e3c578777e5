// SPDX-License-Identifier: GPL-3.0-or-later
// Many points of one cache: which there are, which can be had, and their run. Torch-free.
#pragma once
#include "core/base/error.h"
#include "core/base/jobcontrol.h"
#include "core/cache/cachehandle.h"
#include "core/codec/methodspec.h"
#include "core/eval/evaluator.h"
#include "core/study/settings.h"
#include <functional>
#include <string>
#include <vector>

namespace pikv {

struct EvaluationScope;
class Recorder;

/// One setting of a sweep.
struct SweepPoint {
    MethodSpec method;
    ImportanceSpec importance;
};
using SweepPoints = std::vector<SweepPoint>;
using UnmeasuredSink = std::function<void(const SweepPoint&, const Problem&)>;

/// "lora:rank=8", with "at importance uniform:0.2" where there is one.
std::string pointText(const SweepPoint& point);
/// Every method with every importance, importance by importance.
SweepPoints sweepPoints(const std::vector<MethodSpec>& methods, const std::vector<ImportanceSpec>& importances);

/// Those of the points that fit the cache and the memory; `unfit` is told why of each other one. Reads no tensors.
SweepPoints fittingPoints(
    const SweepPoints& points, const CachePtr& cache, const StudySettings& settings, const UnmeasuredSink& unfit);

struct SweepSinks {
    std::function<void(const EvaluationResult&)> done; ///< gets each result as it comes
    UnmeasuredSink failed; ///< of a point that failed; the sweep goes on unless it throws
};
/// Evaluates the points in order; each has an importance of its own, the other settings are common. `scope`: of each.
/// What `recorder` knows is not measured again. Progress is that of the points.
/// Cancellation ends the sweep, and a dump that vanished or changed (SourceChangedError).
void runSweep(const SweepPoints& points, const CachePtr& cache, const StudySettings& settings,
    const EvaluationScope& scope, const Recorder& recorder, const SweepSinks& sinks, const JobControl& job);

} // namespace pikv
