// SPDX-License-Identifier: GPL-3.0-or-later
// Sentences about a cache that command line and window share.
#include "core/cache/cachetext.h"
#include "core/base/text.h"
#include "core/cache/crossattention.h"
#include "core/cache/ropefrequencies.h"
#include <algorithm>
#include <charconv>
#include <set>

namespace pikv {
namespace {

constexpr std::size_t mostNamed = 4; ///< of a list of values that differ

std::string numberText(double value)
{
    char text[40];
    return { text, std::to_chars(text, text + sizeof text, value).ptr };
}

/// "a, b and c"; of many the first and how many more.
std::string listText(const std::vector<std::string>& parts)
{
    std::string text;
    const std::size_t shown = parts.size() > mostNamed ? mostNamed - 1 : parts.size();
    for (std::size_t i = 0; i < shown; ++i)
        text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
    return text + (shown < parts.size() ? " and " + std::to_string(parts.size() - shown) + " more" : "");
}

std::string positionsText(const CacheInfo& info)
{
    bool counts = true, gaps = false;
    for (std::size_t i = 0; i < info.positions.size(); ++i) {
        counts = counts && info.positions[i] == static_cast<std::int64_t>(i);
        gaps = gaps || (i > 0 && info.positions[i] != info.positions[i - 1] + 1);
    }
    if (counts)
        return {};
    return ", positions " + std::to_string(info.positions.front()) + " to " + std::to_string(info.positions.back())
        + (gaps ? " with gaps" : "");
}

} // namespace

std::string ropeText(const CacheInfo& info)
{
    using State = RopeInfo::State;
    if (isCross(info) && info.rope.state == State::Pre)
        return "keys not rotated, as cross-attention has them";
    if (info.rope.state == State::Unknown)
        return "unknown";
    std::vector<RopeInfo> ropes = info.layerRopes.empty() ? std::vector { info.rope } : info.layerRopes;
    const auto rotated = [](const RopeInfo& rope) { return rope.state == State::Post; };
    const auto count = std::count_if(ropes.begin(), ropes.end(), rotated);
    std::string text = count == 0 ? "keys not rotated" : "keys rotated";
    if (count > 0 && count < std::ptrdiff_t(ropes.size()))
        text += " in " + std::to_string(count) + " of " + std::to_string(ropes.size()) + " layers";
    if (info.rope.layout != RopeInfo::Layout::Unknown)
        text += info.rope.layout == RopeInfo::Layout::Half ? ", half layout" : ", interleaved layout";
    std::set<double> bases;
    std::set<std::string> scalings;
    std::set<int> dims;
    for (const RopeInfo& rope : ropes) {
        if (rope.theta)
            bases.insert(*rope.theta);
        if (ropeScalingName(rope.scaling) != "none")
            scalings.insert(ropeScalingName(rope.scaling) + " scaling"
                + (isRopeScalingSupported(rope.scaling) ? "" : " (not supported: the rotation stays)"));
        if (rope.dim > 0 && !info.layers.empty() && rope.dim < info.layers.front().keyDim)
            dims.insert(rope.dim);
    }
    std::vector<std::string> texts;
    for (const double base : bases)
        texts.push_back(numberText(base));
    text += texts.empty() ? ", base unknown" : ", base " + listText(texts);
    for (const int dim : dims)
        text += ", " + std::to_string(dim) + " of " + std::to_string(info.layers.front().keyDim) + " channels";
    for (const std::string& scaling : scalings)
        text += ", " + scaling;
    return text;
}

std::string tokensText(const CacheInfo& info)
{
    std::string text = countText(static_cast<std::uint64_t>(info.batch()), "sequence") + " of "
        + countText(static_cast<std::uint64_t>(info.seq()), "token") + (isCross(info) ? " of the encoder" : "");
    if (info.hasPadding()) {
        std::vector<std::string> counts;
        for (const std::int64_t count : tokenCounts(info))
            counts.push_back(std::to_string(count));
        text += ", " + listText(counts) + " of them visible, the rest is padding";
    }
    std::set<std::int64_t> shortLayers;
    for (const LayerShape& layer : info.layers)
        if (layer.firstToken > 0)
            shortLayers.insert(layer.seq);
    if (!shortLayers.empty()) {
        text += ", short layers hold the last " + std::to_string(*shortLayers.begin());
        if (shortLayers.size() > 1)
            text += " to " + std::to_string(*shortLayers.rbegin());
        text += " of them";
    }
    return text + positionsText(info) + (info.tokenIds.empty() ? ", unknown ids" : ", ids known");
}

std::string layerNumbersText(const CacheInfo& info)
{
    std::vector<std::string> numbers;
    for (const int number : info.layerNumbers)
        numbers.push_back(std::to_string(number));
    return numbers.empty() ? std::string() : listText(numbers) + " of the model; the others have no cache";
}

} // namespace pikv
