// SPDX-License-Identifier: GPL-3.0-or-later
// What the names and sizes of a file's tensors suggest. Names that differ in the layer's number alone are a family; the
// largest families whose names say key and value, else the two that are alike, are taken.
#include "core/base/text.h"
#include "core/formats/dumpmapping.h"
#include "core/formats/namedtensors.h"
#include <algorithm>

namespace pikv {
namespace {

constexpr std::int64_t widestHead = 256; ///< channels of a head; a wider axis holds several

/// Tensors whose names one pattern fits.
struct Family {
    std::string pattern;
    const StoredTensor* first = nullptr;
    std::size_t count = 0;
    NameRole role = NameRole::None;

    bool isStacked() const { return pattern.find(layerPlaceholder) == std::string::npos; }
};

bool isCandidate(const StoredTensor& tensor)
{
    const bool isFloat = isCacheDtype(tensor.dtype) || tensor.dtype == DType::F8E4M3 || tensor.dtype == DType::F8E5M2;
    return isFloat && tensor.shape.size() >= 2 && tensor.count() > 0 && tensor.name != "importance";
}

std::vector<Family> familiesOf(const TensorListing& listing)
{
    std::vector<Family> families;
    std::map<std::string, std::size_t> places;
    for (const StoredTensor& tensor : listing.tensors) {
        if (!isCandidate(tensor))
            continue;
        const std::string pattern = patternOf(tensor.name);
        const auto [at, isNew] = places.try_emplace(pattern, families.size());
        if (isNew)
            families.push_back({ pattern, &tensor, 0, nameRole(pattern) });
        ++families[at->second].count;
    }
    return families;
}

/// The largest family with the role, the first of several; null where there is none.
const Family* largest(const std::vector<Family>& families, NameRole role)
{
    const Family* best = nullptr;
    for (const Family& family : families)
        if (family.role == role && (!best || family.count > best->count))
            best = &family;
    return best;
}

bool areAlike(const Family& a, const Family& b)
{
    return a.count == b.count && a.first->shape.size() == b.first->shape.size() && a.isStacked() == b.isStacked();
}

std::int64_t idsIn(const TensorListing& listing)
{
    const auto at = std::find_if(listing.tensors.begin(), listing.tensors.end(),
        [](const StoredTensor& t) { return t.name == "input_ids" && !t.shape.empty(); });
    return at == listing.tensors.end() ? 0 : at->shape.back();
}

} // namespace

std::vector<std::string> guessAxes(
    const std::vector<std::int64_t>& shape, bool isStacked, bool isBoth, std::int64_t ids)
{
    std::vector<std::string> axes(shape.size());
    std::size_t from = 0;
    std::vector<std::size_t> rest;
    if (isStacked && shape.size() > 2 && !(isBoth && shape.size() == 3 && shape[0] == 2))
        axes[from++] = "layer";
    std::size_t pair = shape.size();
    for (std::size_t i = shape.size(); isBoth && i-- > 0;)
        if (axes[i].empty() && shape[i] == 2)
            pair = i; // the first of them
    const bool isPacked = isBoth && pair == shape.size(); // keys and then values along the last axis
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (i == pair)
            axes[i] = "kv";
        else if (axes[i].empty())
            rest.push_back(i);
    if (rest.size() < 2 || rest.size() > 4)
        return {};
    axes[rest.back()] = "head_dim";
    if (rest.size() == 4)
        axes[rest.front()] = "batch";
    const std::size_t b = rest[rest.size() - 2];
    const bool isFused = rest.size() == 2 || (rest.size() == 3 && shape[rest.back()] > widestHead);
    if (isFused) {
        axes[rest.back()] = "kv_head*head_dim";
        axes[b] = "seq";
        if (rest.size() == 3)
            axes[rest.front()] = "batch";
    } else {
        const std::size_t a = rest[rest.size() - 3];
        const bool seqFirst = ids > 0 && shape[a] != shape[b] && (shape[a] == ids || shape[b] == ids)
            ? shape[a] == ids
            : shape[a] > shape[b];
        axes[a] = seqFirst ? "seq" : "kv_head";
        axes[b] = seqFirst ? "kv_head" : "seq";
    }
    if (isPacked)
        axes[rest.back()] = isFused ? "kv*" + axes[rest.back()] : "kv*head_dim";
    return axes;
}

std::optional<DumpMapping> guessMapping(const TensorListing& listing)
{
    const std::vector<Family> families = familiesOf(listing);
    DumpMapping mapping;
    const Family *key = largest(families, NameRole::Key), *value = largest(families, NameRole::Value);
    const Family* both = largest(families, NameRole::Both);
    if (!(key && value && areAlike(*key, *value))) {
        key = value = nullptr;
        if (!both && families.size() == 1)
            both = &families.front();
        else if (!both && families.size() == 2 && areAlike(families[0], families[1])) {
            key = &families[0];
            value = &families[1];
        }
    }
    if (key) {
        mapping.key = key->pattern;
        mapping.value = value->pattern;
        mapping.axes = guessAxes(key->first->shape, key->isStacked(), false, idsIn(listing));
    } else if (both) {
        mapping.both = both->pattern;
        mapping.axes = guessAxes(both->first->shape, both->isStacked(), true, idsIn(listing));
    } else {
        return {};
    }
    return mapping;
}

} // namespace pikv
