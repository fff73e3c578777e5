// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/nexttoken.h"
#include <string>
#include <vector>

namespace pikv {

/// resultsToJson() of the results on the first text's context, each with an object `next_token`: standard errors, the
/// tail of KL and every position.
std::string nextTokenToJson(
    const NextTokenSession& session, const std::vector<NextTokenResult>& results, const std::string& device);

} // namespace pikv
