// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace pikv {

/// Finds different settings whose figures of size and quality agree to six digits, which is nearly always a parameter
/// without an effect or a mistake. Exact results, errors of 0, do not count, nor do previews and controls.
class AlikeSettings {
public:
    void add(const EvaluationResult& result);
    /// One sentence that names two of them; "" where there are none.
    std::string warning() const;

private:
    std::map<std::array<double, 4>, std::set<std::string>> m_byFigures; ///< the settings that have these
    std::size_t m_alike = 0; ///< settings that have the figures of an earlier one
    std::string m_example; ///< the first two
};

/// That of all of them.
std::string alikeWarning(const std::vector<EvaluationResult>& results);

} // namespace pikv
