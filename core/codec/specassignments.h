// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pikv {

/// The assignments of a spec with lists as they stand there: {"rank", "[4,8,16]"}. Throws as expandSpec() does for an
/// unknown method or parameter; values are not looked at.
std::vector<std::pair<std::string, std::string>> specAssignments(std::string_view text);

} // namespace pikv
