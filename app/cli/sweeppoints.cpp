// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/sweeppoints.h"
#include "core/base/memory.h"
#include "core/eval/memoryneed.h"
#include <set>

namespace pikv::cli {

std::string pointText(const SweepPoint& point)
{
    const bool plain = point.importance.source == ImportanceSpec::Source::None;
    return printSpec(point.method) + (plain ? "" : " at importance " + printImportance(point.importance));
}

std::vector<MethodSpec> expandSpecs(const std::vector<std::string>& specs)
{
    std::vector<MethodSpec> methods;
    std::set<std::string> known;
    for (const std::string& text : specs)
        for (const MethodSpec& method : expandSpec(text))
            if (known.insert(printSpec(method)).second)
                methods.push_back(method);
    return methods;
}

std::vector<SweepPoint> sweepPoints(
    const std::vector<MethodSpec>& methods, const std::vector<ImportanceSpec>& importances)
{
    std::vector<SweepPoint> points;
    for (const ImportanceSpec& importance : importances)
        for (const MethodSpec& method : methods)
            points.push_back({ method, importance });
    return points;
}

void LeftOut::add(const SweepPoint& point, const Problem& problem)
{
    m_session.warn("left out: " + pointText(point) + ": " + problem.message);
    m_last = problem;
}

void LeftOut::fail() const { throw Error(m_last.kind, "no point of the sweep could be measured: " + m_last.message); }

std::vector<SweepPoint> openPoints(
    const std::vector<SweepPoint>& points, EvaluationRequest request, const SweepFolder& folder, LeftOut& leftOut)
{
    std::vector<SweepPoint> open;
    for (const SweepPoint& point : points) {
        if (folder.has(point.method, point.importance))
            continue;
        try {
            checkMethod(point.method, *request.cache);
            request.method = point.method;
            requireMemory(evaluationMemory(request), "evaluating " + point.method.id);
            open.push_back(point);
        } catch (const Error& e) {
            leftOut.add(point, { e.kind(), e.what() });
        }
    }
    return open;
}

} // namespace pikv::cli
