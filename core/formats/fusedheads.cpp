// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/fusedheads.h"
#include "core/base/text.h"
#include <numeric>

namespace pikv {

HeadSplit assumeHeads(std::span<const std::int64_t> widths)
{
    std::int64_t common = 0;
    for (const std::int64_t width : widths)
        common = std::gcd(common, width);
    HeadSplit split { common, {} };
    std::string others;
    bool found = false;
    for (const std::int64_t candidate : { 128, 64, 96, 80, 256, 32 }) {
        if (common % candidate != 0)
            continue;
        if (!found)
            split.headDim = candidate;
        else
            others += (others.empty() ? "" : ", ") + std::to_string(candidate);
        found = true;
    }
    split.note = "the file does not say how many KV heads its " + std::to_string(widths.front())
        + " channels are: a head_dim of " + std::to_string(split.headDim) + " is assumed, which makes "
        + countText(static_cast<std::uint64_t>(widths.front() / split.headDim), "KV head")
        + (others.empty() ? "" : "; " + others + " would fit as well");
    return split;
}

} // namespace pikv
