// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/fusedheads.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/formats/told.h"
#include <algorithm>
#include <numeric>

namespace pikv {

std::int64_t settleHeads(
    std::span<const std::int64_t> widths, const Told& told, CacheInfo& info, const std::string& file)
{
    std::int64_t common = 0;
    for (const std::int64_t width : widths)
        common = std::gcd(common, width);
    std::vector<std::int64_t> fitting;
    for (const std::int64_t candidate : { 128, 64, 96, 80, 256, 32 })
        if (common % candidate == 0)
            fitting.push_back(candidate);
    if (fitting.empty())
        fitting.push_back(common);
    std::int64_t headDim = fitting.front();
    const std::int64_t said = toldHeadDim(told);
    if (said > 0 && common % said != 0)
        throw inputError(file + ": its " + std::to_string(common) + " channels are no multiple of the head_dim "
            + std::to_string(said) + " that was told.");
    if (said > 0)
        headDim = said;
    else {
        std::string others;
        for (const std::int64_t other : std::span(fitting).subspan(1))
            others += (others.empty() ? "" : ", ") + std::to_string(other);
        info.notes.push_back("the file does not say how many KV heads its " + std::to_string(widths.front())
            + " channels are: a head_dim of " + std::to_string(headDim) + " is assumed, which makes "
            + countText(static_cast<std::uint64_t>(widths.front() / headDim), "KV head")
            + (others.empty() ? "" : "; " + others + " would fit as well"));
    }
    if (std::find(fitting.begin(), fitting.end(), headDim) == fitting.end())
        fitting.push_back(headDim);
    info.headDims = std::move(fitting);
    return headDim;
}

} // namespace pikv
