// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "app/cli/session.h"
#include "app/cli/sweepfolder.h"
#include "core/base/error.h"
#include <string>
#include <vector>

namespace pikv::cli {

/// One setting of a sweep.
struct SweepPoint {
    MethodSpec method;
    ImportanceSpec importance;
};

/// "lora:rank=8", with "at importance uniform:0.2" where there is one.
std::string pointText(const SweepPoint& point);

/// Every combination of the specs' lists, each once.
std::vector<MethodSpec> expandSpecs(const std::vector<std::string>& specs);
/// Every method with every importance, importance by importance.
std::vector<SweepPoint> sweepPoints(
    const std::vector<MethodSpec>& methods, const std::vector<ImportanceSpec>& importances);

/// Tells of points that cannot be measured and remembers the last reason.
class LeftOut {
public:
    explicit LeftOut(Session& session)
        : m_session(session)
    {
    }
    void add(const SweepPoint& point, const Problem& problem);
    [[noreturn]] void fail() const;

private:
    Session& m_session;
    Problem m_last { ErrorKind::Usage, "it has none" };
};

/// Points that neither are in the folder already nor cannot be had on the request's dump.
std::vector<SweepPoint> openPoints(
    const std::vector<SweepPoint>& points, EvaluationRequest request, const SweepFolder& folder, LeftOut& leftOut);

} // namespace pikv::cli
