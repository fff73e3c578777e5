// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>

namespace pikv {

/// A figure in four significant digits, as tables and reports show it; "-" for NaN.
std::string figureText(double value);

} // namespace pikv
