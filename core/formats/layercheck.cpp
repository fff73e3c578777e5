// SPDX-License-Identifier: GPL-3.0-or-later
// What every dump must fulfil, whichever format it came in: complete layers, dtypes of a cache, shapes that agree.
#include "core/formats/layercheck.h"
#include "core/base/text.h"
#include <algorithm>

namespace pikv {
namespace {

std::string shapeAndType(const TensorEntry& t)
{
    return inQuotes(t.name) + " " + shapeText(t.shape) + " " + std::string(dtypeName(t.dtype));
}

void checkTensor(const TensorEntry& t, const char* axes, const std::string& file)
{
    if (t.shape.size() != 4)
        throw inputError(file + ": tensor " + shapeAndType(t) + " has " + countText(t.shape.size(), "dimension")
            + " where 4 were expected (" + axes + "); reshape it in the program that wrote it.");
    if (!isCacheDtype(t.dtype))
        throw inputError(file + ": tensor " + shapeAndType(t)
            + " has a type that keys and values cannot have (f16, bf16, f32, f64); convert it before saving.");
    if (std::any_of(t.shape.begin(), t.shape.end(), [](std::int64_t n) { return n < 1 || n > maxDimension; }))
        throw inputError(file + ": tensor " + shapeAndType(t)
            + " has a dimension outside 1 to 2^31; dump a cache that holds at least one token.");
}

void checkQuery(const TensorEntry& query, const LayerShape& shape, const std::string& file)
{
    checkTensor(query, "batch, query_heads, queries, head_dim", file);
    const auto& s = query.shape;
    if (s[0] != shape.batch || s[3] != shape.keyDim || s[1] % shape.kvHeads != 0)
        throw inputError(file + ": tensor " + shapeAndType(query) + " does not fit its key of batch "
            + std::to_string(shape.batch) + ", " + countText(static_cast<std::uint64_t>(shape.kvHeads), "kv head")
            + " and head_dim " + std::to_string(shape.keyDim)
            + ": batch and head_dim must be equal, query heads a multiple of kv heads.");
}

LayerShape checkLayer(const LayerEntries& layer, const std::string& file)
{
    checkTensor(layer.key, "batch, kv_heads, seq, head_dim", file);
    checkTensor(layer.value, "batch, kv_heads, seq, head_dim", file);
    const auto &k = layer.key.shape, &v = layer.value.shape;
    if (!std::equal(k.begin(), k.begin() + 3, v.begin()))
        throw inputError(file + ": tensors " + shapeAndType(layer.key) + " and " + shapeAndType(layer.value)
            + " disagree; key and value need the same batch, kv_heads and seq.");
    LayerShape shape { k[0], k[1], k[2], k[3], v[3], 0, 0, 0, layer.key.dtype, layer.value.dtype, DType::F16 };
    if (layer.query) {
        checkQuery(*layer.query, shape, file);
        shape.queryHeads = layer.query->shape[1];
        shape.queryCount = layer.query->shape[2];
        shape.queryDtype = layer.query->dtype;
    }
    if (layer.keep
        && (!std::equal(layer.keep->shape.begin(), layer.keep->shape.end(), k.begin(), k.begin() + 3)
            || dtypeSize(layer.keep->dtype) != 1))
        throw inputError(file + ": tensor " + shapeAndType(*layer.keep) + " should be u8 of shape "
            + shapeText(std::span(k).first(3)) + ", one flag for each key row.");
    return shape;
}

} // namespace

void placeEntry(std::map<std::uint64_t, FoundLayer>& found, std::uint64_t index,
    std::optional<StoredTensor> FoundLayer::*role, const StoredTensor& entry, const std::string& file)
{
    if (index >= maxLayerCount)
        throw inputError(file + ": tensor " + inQuotes(entry.name) + " names layer " + std::to_string(index)
            + ", above the limit of " + std::to_string(maxLayerCount) + " layers.");
    auto& place = found[index].*role;
    if (place)
        throw inputError(file + ": tensors " + inQuotes(place->name) + " and " + inQuotes(entry.name)
            + " are the same part of layer " + std::to_string(index) + "; keep one of them.");
    place = entry;
}

namespace {

bool isEmpty(const FoundLayer& layer)
{
    return layer.key && layer.value && layer.key->elements() == 0 && layer.value->elements() == 0;
}

/// "0 to 2, 4": runs of numbers.
std::string runsText(const std::vector<std::uint64_t>& numbers)
{
    std::string text;
    for (std::size_t i = 0, run = 1; i < numbers.size(); i += run) {
        for (run = 1; i + run < numbers.size() && numbers[i + run] == numbers[i] + run;)
            ++run;
        text += (text.empty() ? "" : ", ") + std::to_string(numbers[i])
            + (run > 1 ? " to " + std::to_string(numbers[i + run - 1]) : "");
    }
    return text;
}

} // namespace

void acceptLayers(DumpLayout& layout, const std::map<std::uint64_t, FoundLayer>& found, const std::string& file)
{
    CacheInfo& info = layout.info;
    std::vector<std::uint64_t> missing;
    std::uint64_t expected = 0;
    for (const auto& [index, layer] : found) {
        for (; expected < index; ++expected)
            missing.push_back(expected);
        ++expected;
        if (isEmpty(layer)) {
            missing.push_back(index);
            continue;
        }
        if (!layer.key || !layer.value)
            throw inputError(file + ": layer " + std::to_string(index) + " has no " + (layer.key ? "value" : "key")
                + " tensor; dump key and value of every layer.");
        layout.layers.push_back({ *layer.key, *layer.value, layer.query, layer.keep, 1 });
        info.layers.push_back(checkLayer(layout.layers.back(), file));
        info.layerNumbers.push_back(static_cast<int>(index));
        const LayerShape &first = info.layers.front(), &here = info.layers.back();
        if (here.batch != first.batch)
            throw inputError(file + ": tensor " + shapeAndType(*layer.key) + " has a batch of "
                + std::to_string(here.batch) + " but layer " + std::to_string(info.layerNumbers.front()) + " has "
                + std::to_string(first.batch) + ".");
        if ((here.queryHeads > 0) != (first.queryHeads > 0) || here.queryCount != first.queryCount)
            throw inputError(file + ": layer " + std::to_string(index) + " has "
                + countText(static_cast<std::uint64_t>(here.queryCount), "query row") + " but layer "
                + std::to_string(info.layerNumbers.front()) + " has " + std::to_string(first.queryCount)
                + "; store the same queries in every layer, or none.");
    }
    if (info.layers.empty())
        throw inputError(file + ": none of its " + countText(found.size(), "layer")
            + " holds a token; dump a cache that holds at least one.");
    if (missing.empty())
        info.layerNumbers.clear();
    else
        info.notes.push_back(std::string(missing.size() == 1 ? "layer " : "layers ") + runsText(missing)
            + (missing.size() == 1 ? " has" : " have")
            + " no cache in the dump: a hybrid model has such layers, else they were left out");
    alignLayers(info.layers);
}

} // namespace pikv
