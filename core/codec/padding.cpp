// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of a batch that are tokens: taken out of a layer before a method sees it, and put back behind it.
#include "core/codec/padding.h"
#include <ATen/ops/empty.h>
#include <algorithm>
#include <set>

namespace pikv {

LayerInput VisibleRows::select(const LayerInput& input) const
{
    const at::Tensor index = rows.to(input.kv.key.device());
    const auto tokens = [&](const at::Tensor& x) { return x.narrow(0, item, 1).index_select(2, index); };
    LayerInput one = input;
    one.visible = at::Tensor();
    one.sequence = item;
    one.shape.batch = 1;
    one.shape.seq = rows.size(0);
    one.shape.firstToken = 0; // its own tokens are counted
    one.kv.key = tokens(input.kv.key);
    one.kv.value = tokens(input.kv.value);
    if (input.kv.query.defined())
        one.kv.query = input.kv.query.narrow(0, item, 1);
    one.positions = input.positions.index_select(0, rows.to(input.positions.device()));
    if (input.importance.defined())
        one.importance = input.importance.narrow(0, item, 1).index_select(1, rows.to(input.importance.device()));
    return one;
}

LayerOutput VisibleRows::select(const LayerOutput& output, const SectionSet& sections) const
{
    LayerShape shape = output.shape;
    shape.batch = 1;
    shape.seq = rows.size(0);
    shape.firstToken = 0;
    return { output.index, shape, output.rope, output.positions.index_select(0, rows.to(output.positions.device())),
        sections, output.global, nullptr, {}, {}, output.earlier, item };
}

SectionSet VisibleRows::sectionsOf(const SectionSet& all) const
{
    SectionSet own;
    const std::string mark = prefix();
    for (const auto& [name, bytes] : all.all())
        if (name.starts_with(mark))
            own.add(name.substr(mark.size()), bytes);
    return own;
}

void VisibleRows::put(const at::Tensor& tokens, const at::Tensor& whole) const
{
    const at::Tensor place = whole.select(0, item);
    place.index_copy_(1, rows.to(place.device()), tokens.select(0, 0));
}

std::vector<VisibleRows> visibleRows(const at::Tensor& visible)
{
    std::vector<VisibleRows> items;
    for (std::int64_t b = 0; b < visible.size(0); ++b) {
        const at::Tensor rows = visible[b].nonzero().squeeze(1);
        if (rows.size(0) > 0)
            items.push_back({ b, rows });
    }
    return items;
}

at::Tensor layerMask(const std::vector<std::uint8_t>& visible, const LayerShape& shape)
{
    if (visible.empty())
        return {};
    const std::int64_t tokens = shape.firstToken + shape.seq;
    at::Tensor mask = at::empty({ shape.batch, shape.seq }, at::kBool);
    bool hides = false;
    for (std::int64_t b = 0; b < shape.batch; ++b)
        for (std::int64_t s = 0; s < shape.seq; ++s) {
            const bool isToken = visible.at(static_cast<std::size_t>(b * tokens + shape.firstToken + s)) != 0;
            mask.data_ptr<bool>()[b * shape.seq + s] = isToken;
            hides = hides || !isToken;
        }
    return hides ? mask : at::Tensor();
}

std::vector<CacheInfo> tokenCaches(const CacheInfo& info)
{
    std::vector<CacheInfo> caches;
    std::set<std::vector<std::int64_t>> known;
    for (std::int64_t b = 0; b < info.batch(); ++b) {
        CacheInfo one = info;
        one.visible.clear();
        one.positions.clear();
        one.tokenIds.clear();
        std::vector<std::int64_t> counts;
        for (LayerShape& layer : one.layers) {
            layer.batch = 1;
            layer.seq = info.tokensIn(layer, b);
            counts.push_back(layer.seq);
        }
        std::erase_if(one.layers, [](const LayerShape& layer) { return layer.seq == 0; });
        alignLayers(one.layers);
        if (one.layers.size() == info.layers.size() && known.insert(counts).second)
            caches.push_back(std::move(one));
    }
    return caches;
}

} // namespace pikv
