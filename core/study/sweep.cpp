// SPDX-License-Identifier: GPL-3.0-or-later
// Points come importance by importance, so that one Study at a time, which computes its importance once, is enough.
#include "core/study/sweep.h"
#include "core/base/filesource.h"
#include "core/eval/problem.h"
#include "core/study/recorded.h"
#include "core/study/studyof.h"

namespace pikv {

std::string pointText(const SweepPoint& point)
{
    const bool plain = point.importance.source == ImportanceSpec::Source::None;
    return printSpec(point.method) + (plain ? "" : " at importance " + printImportance(point.importance));
}

SweepPoints sweepPoints(const std::vector<MethodSpec>& methods, const std::vector<ImportanceSpec>& importances)
{
    SweepPoints points;
    for (const ImportanceSpec& importance : importances)
        for (const MethodSpec& method : methods)
            points.push_back({ method, importance });
    return points;
}

SweepPoints fittingPoints(
    const SweepPoints& points, const CachePtr& cache, const StudySettings& settings, const UnmeasuredSink& unfit)
{
    SweepPoints fitting;
    const Study study(cache, settings);
    for (const SweepPoint& point : points) {
        try {
            study.check(point.method);
            fitting.push_back(point);
        } catch (const Error& e) {
            unfit(point, { e.kind(), e.what() });
        }
    }
    return fitting;
}

void runSweep(const SweepPoints& points, const CachePtr& cache, const StudySettings& settings,
    const EvaluationScope& scope, const Recorder& recorder, const SweepSinks& sinks, const JobControl& job)
{
    StudyOfImportance studies(cache, settings);
    const JobControl quiet(job.stopToken()); // the sweep's own progress, not each layer's
    for (std::size_t i = 0; i < points.size(); ++i) {
        job.checkpoint();
        job.report({ "Sweep point", static_cast<int>(i + 1), static_cast<int>(points.size()) });
        const Study& study = studies.of(points[i].importance);
        study.prepareImportance(quiet); // where the dump lacks what its source needs, no point can be had
        try {
            sinks.done(recorder.evaluate(study, points[i].method, scope, quiet));
        } catch (const SourceChangedError&) {
            throw;
        } catch (...) {
            const Problem problem = currentProblem();
            if (problem.kind == ErrorKind::Cancelled)
                throw;
            sinks.failed(points[i], problem);
        }
    }
}

} // namespace pikv
