// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>
#include <string_view>

namespace pikv {

/// Text for the eye: spaces as ␣, newlines as ↵, tabs as ⇥, other control characters and bytes that are not UTF-8 by
/// themselves as <E4>. The result is valid UTF-8.
std::string visibleText(std::string_view bytes);

} // namespace pikv
