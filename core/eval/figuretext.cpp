// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/figuretext.h"
#include <cmath>
#include <cstdio>

namespace pikv {

std::string figureText(double value)
{
    if (std::isnan(value))
        return "-";
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
}

} // namespace pikv
