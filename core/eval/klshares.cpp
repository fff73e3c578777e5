// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/klshares.h"

namespace pikv {

std::vector<KlShare> klShares(int layers)
{
    using N = NextTokenMetrics;
    const auto start = [&](int third) { return (third * layers + 2) / 3; }; // the first i with 3 i / n >= third
    return { { &N::klKeys, { 0, layers, true, false } }, { &N::klValues, { 0, layers, false, true } },
        { &N::klFirst, { start(0), start(1) } }, { &N::klMiddle, { start(1), start(2) } },
        { &N::klLast, { start(2), layers } } };
}

} // namespace pikv
