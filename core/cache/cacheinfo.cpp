// SPDX-License-Identifier: GPL-3.0-or-later
// What follows from the shapes, the mask and the rotation of a cache.
#include "core/cache/cacheinfo.h"
#include "core/cache/ropefrequencies.h"
#include <algorithm>

namespace pikv {

bool RopeInfo::invertible() const
{
    return state == State::Post && layout != Layout::Unknown && theta && isRopeScalingSupported(scaling);
}

std::int64_t CacheInfo::tokensIn(const LayerShape& layer, std::int64_t item) const
{
    if (!hasPadding())
        return layer.seq;
    const auto first = visible.begin() + item * seq() + layer.firstToken;
    return std::count_if(first, first + layer.seq, [](std::uint8_t v) { return v != 0; });
}

std::int64_t CacheInfo::elements() const
{
    std::int64_t sum = 0;
    for (const LayerShape& layer : layers) {
        std::int64_t rows = 0;
        for (std::int64_t b = 0; b < layer.batch; ++b)
            rows += tokensIn(layer, b);
        sum += rows * layer.kvHeads * (layer.keyDim + layer.valueDim);
    }
    return sum;
}

std::int64_t CacheInfo::seq() const
{
    std::int64_t longest = 0;
    for (const LayerShape& layer : layers)
        longest = std::max(longest, layer.seq);
    return longest;
}

bool CacheInfo::uniform() const
{
    return std::all_of(layers.begin(), layers.end(), [&](const LayerShape& l) { return l == layers.front(); });
}

namespace {

std::string shapeText(const LayerShape& l)
{
    const auto text = [&](std::int64_t dim, DType dtype) {
        return "[" + std::to_string(l.batch) + ", " + std::to_string(l.kvHeads) + ", " + std::to_string(l.seq) + ", "
            + std::to_string(dim) + "] " + std::string(dtypeName(dtype));
    };
    const std::string key = text(l.keyDim, l.keyDtype);
    if (l.keyDim == l.valueDim && l.keyDtype == l.valueDtype)
        return key;
    return "K " + key + ", V " + text(l.valueDim, l.valueDtype);
}

} // namespace

std::string CacheInfo::shapeText() const
{
    constexpr std::size_t mostRuns = 6; // then a count says more
    if (layers.empty())
        return "no layers";
    std::vector<std::string> runs;
    std::size_t run = 1;
    for (std::size_t i = 0; i < layers.size(); i += run) {
        for (run = 1; i + run < layers.size() && layers[i + run] == layers[i];)
            ++run;
        const std::string count = std::to_string(run) + (run == 1 ? " layer x " : " layers x ");
        runs.push_back(count + pikv::shapeText(layers[i]));
    }
    if (runs.size() > mostRuns)
        return std::to_string(layers.size()) + " layers of " + std::to_string(runs.size())
            + " runs of shapes, the first " + runs.front();
    std::string text;
    for (const std::string& one : runs)
        text += (text.empty() ? "" : "; ") + one;
    return text;
}

void alignLayers(std::vector<LayerShape>& layers)
{
    std::int64_t longest = 0;
    for (const LayerShape& layer : layers)
        longest = std::max(longest, layer.seq);
    for (LayerShape& layer : layers)
        layer.firstToken = longest - layer.seq;
}

std::vector<std::int64_t> tokenCounts(const CacheInfo& info)
{
    LayerShape whole;
    whole.seq = info.seq();
    std::vector<std::int64_t> counts;
    for (std::int64_t b = 0; b < info.batch(); ++b)
        counts.push_back(info.tokensIn(whole, b));
    return counts;
}

void dropFullMask(CacheInfo& info)
{
    if (std::all_of(info.visible.begin(), info.visible.end(), [](std::uint8_t v) { return v != 0; }))
        info.visible.clear();
}

} // namespace pikv
