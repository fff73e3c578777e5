// SPDX-License-Identifier: GPL-3.0-or-later
// A mapping applied to the tensors of a file: each is seen by its axes' names, cut into layers, keys and values, and
// turned to [batch, kv_heads, seq, head_dim]. Nothing is copied: all of it is strides.
#include "core/base/text.h"
#include "core/formats/dumpmapping.h"
#include "core/formats/formatregistry.h"
#include "core/formats/fusedheads.h"
#include "core/formats/geometry.h"
#include "core/formats/nativedump.h"
#include <algorithm>
#include <array>

namespace pikv {
namespace {

constexpr std::size_t mostNamed = 6; ///< of the tensors that a refusal lists

std::string tensorText(const StoredTensor& tensor)
{
    return inQuotes(tensor.name) + " " + shapeText(tensor.shape) + " " + std::string(dtypeName(tensor.dtype));
}

std::string tensorsText(const TensorListing& listing)
{
    if (listing.tensors.empty())
        return "it has no tensors";
    std::string text;
    for (std::size_t i = 0; i < std::min(mostNamed, listing.tensors.size()); ++i)
        text += (i ? ", " : "it has ") + tensorText(listing.tensors[i]);
    const std::size_t more = listing.tensors.size() - std::min(mostNamed, listing.tensors.size());
    return text + (more ? " and " + std::to_string(more) + " more" : "");
}

/// A tensor and what its axes are called.
struct NamedAxes {
    StoredTensor tensor;
    std::vector<std::string> names;

    std::optional<std::size_t> find(std::string_view name) const
    {
        const auto at = std::find(names.begin(), names.end(), name);
        return at == names.end() ? std::nullopt : std::optional(static_cast<std::size_t>(at - names.begin()));
    }
    void swap(std::size_t a, std::size_t b)
    {
        if (a == b)
            return;
        tensor.swapAxes(a, b);
        std::swap(names[a], names[b]);
    }
    /// Index `index` of the axis, which there is; the axis is gone then.
    NamedAxes part(std::size_t axis, std::int64_t index) const
    {
        NamedAxes part = *this;
        part.swap(0, axis);
        part.tensor = part.tensor.part(index);
        part.names.erase(part.names.begin());
        return part;
    }
};

class Mapper {
public:
    Mapper(const TensorListing& listing, const DumpMapping& mapping, CacheInfo& info, const Told& told)
        : m_listing(listing)
        , m_mapping(mapping)
        , m_info(info)
        , m_told(told)
    {
    }
    std::map<std::uint64_t, FoundLayer> run()
    {
        if (m_mapping.both.empty()) {
            place(m_mapping.key, &FoundLayer::key, "key");
            place(m_mapping.value, &FoundLayer::value, "value");
        } else {
            place(m_mapping.both, nullptr, "kv");
        }
        return std::move(m_found);
    }

private:
    using Role = std::optional<StoredTensor> FoundLayer::*;

    [[noreturn]] void fail(const std::string& what) const
    {
        throw inputError(m_listing.file + ": with the mapping " + printMapping(m_mapping) + ", " + what + ".");
    }

    void place(const std::string& pattern, Role role, const char* word)
    {
        bool any = false;
        for (const StoredTensor& tensor : m_listing.tensors)
            if (const auto layer = layerOf(pattern, tensor.name)) {
                any = true;
                placeTensor(tensor, *layer, role);
            }
        if (!any)
            fail(std::string("no tensor is named ") + word + "=" + pattern + "; " + tensorsText(m_listing));
    }

    void placeTensor(const StoredTensor& tensor, std::uint64_t layer, Role role)
    {
        if (tensor.count() == 0) { // counted as a layer that holds nothing
            StoredTensor nothing(tensor);
            nothing.shape = { 0 };
            nothing.strides.clear();
            for (const Role each : role ? std::vector { role } : std::vector { &FoundLayer::key, &FoundLayer::value })
                placeEntry(m_found, layer, each, nothing, m_listing.file);
            return;
        }
        const NamedAxes named = withNames(tensor);
        const auto stack = named.find("layer");
        if (!stack)
            return placeLayer(named, layer, role);
        const std::int64_t layers = named.tensor.shape[*stack];
        if (layers > std::int64_t(maxLayerCount))
            fail("tensor " + tensorText(tensor) + " stacks " + std::to_string(layers) + " layers, above the limit of "
                + std::to_string(maxLayerCount));
        for (std::int64_t i = 0; i < layers; ++i)
            placeLayer(named.part(*stack, i), static_cast<std::uint64_t>(i), role);
    }

    void placeLayer(const NamedAxes& tensor, std::uint64_t layer, Role role)
    {
        if (role)
            return placeEntry(m_found, layer, role, inCacheOrder(tensor), m_listing.file);
        const std::size_t pair = *tensor.find("kv");
        placeEntry(m_found, layer, &FoundLayer::key, inCacheOrder(tensor.part(pair, 0)), m_listing.file);
        placeEntry(m_found, layer, &FoundLayer::value, inCacheOrder(tensor.part(pair, 1)), m_listing.file);
    }

    /// Axes that hold several are taken apart.
    NamedAxes withNames(const StoredTensor& tensor)
    {
        if (tensor.shape.size() != m_mapping.axes.size())
            fail("tensor " + tensorText(tensor) + " has " + std::to_string(tensor.shape.size())
                + (tensor.shape.size() == 1 ? " axis" : " axes") + " where " + std::to_string(m_mapping.axes.size())
                + " are named");
        NamedAxes named { tensor, {} };
        for (const std::string& axis : m_mapping.axes) {
            const std::vector<std::string> factors = splitTopLevel(axis, '*');
            const std::size_t at = named.names.size();
            if (factors.size() > 1)
                named.tensor.splitAxis(at, sizesOf(factors, named.tensor.shape[at], axis, tensor));
            named.names.insert(named.names.end(), factors.begin(), factors.end());
        }
        requireSize(named, "kv", 2, tensor);
        requireSize(named, "kv_head", m_mapping.kvHeads, tensor);
        requireSize(named, "head_dim", m_mapping.headDim, tensor);
        return named;
    }

    void requireSize(const NamedAxes& named, const char* axis, std::int64_t size, const StoredTensor& tensor) const
    {
        const auto at = named.find(axis);
        if (at && size > 0 && named.tensor.shape[*at] != size)
            fail("the axis " + std::string(axis) + " of tensor " + tensorText(tensor) + " has "
                + std::to_string(named.tensor.shape[*at]) + " indices where " + std::to_string(size)
                + " were expected");
    }

    std::vector<std::int64_t> sizesOf(const std::vector<std::string>& factors, std::int64_t whole,
        const std::string& axis, const StoredTensor& tensor)
    {
        std::int64_t rest = whole;
        std::vector<std::int64_t> sizes;
        std::size_t unknown = 0;
        for (const std::string& factor : factors) {
            const std::int64_t size = factor == "kv" ? 2
                : factor == "kv_head"                ? m_mapping.kvHeads
                : factor == "head_dim"               ? m_mapping.headDim
                                                     : 0;
            sizes.push_back(size);
            unknown += size == 0;
            if (size > 0 && rest % size != 0)
                fail("the axis " + axis + " of tensor " + tensorText(tensor) + " is no multiple of " + factor + " "
                    + std::to_string(size));
            rest /= size > 0 ? size : 1;
        }
        if (unknown == 0 && rest != 1)
            fail("the axis " + axis + " of tensor " + tensorText(tensor) + " has " + std::to_string(whole)
                + " indices where " + std::to_string(whole / rest) + " were expected");
        const std::int64_t dim = unknown > 1 ? headsOf(rest) : 0;
        for (std::size_t i = 0; i < sizes.size(); ++i)
            if (sizes[i] == 0)
                sizes[i] = unknown == 1 ? rest : factors[i] == "head_dim" ? dim : rest / dim;
        return sizes;
    }

    /// One head_dim for all tensors of a width.
    std::int64_t headsOf(std::int64_t width)
    {
        std::int64_t& dim = m_headDims[width];
        if (dim == 0)
            dim = settleHeads(std::span(&width, 1), m_told, m_info, m_listing.file);
        return dim;
    }

    /// As [batch, kv_heads, seq, head_dim].
    static StoredTensor inCacheOrder(NamedAxes tensor)
    {
        constexpr std::array order { "batch", "kv_head", "seq", "head_dim" };
        for (const char* optional : { "kv_head", "batch" })
            if (!tensor.find(optional)) {
                tensor.tensor.addAxis();
                tensor.names.insert(tensor.names.begin(), optional);
            }
        for (std::size_t i = 0; i < order.size(); ++i)
            tensor.swap(i, *tensor.find(order[i]));
        tensor.tensor.dropPlainStrides();
        return std::move(tensor.tensor);
    }

    const TensorListing& m_listing;
    const DumpMapping& m_mapping;
    CacheInfo& m_info;
    const Told& m_told;
    std::map<std::uint64_t, FoundLayer> m_found;
    std::map<std::int64_t, std::int64_t> m_headDims; ///< by the width of an axis
};

/// With the names that are not told guessed.
DumpMapping completed(DumpMapping mapping, const TensorListing& listing)
{
    if (!mapping.key.empty() || !mapping.both.empty())
        return mapping;
    const auto guess = guessMapping(listing);
    if (!guess)
        throw inputError(listing.file + ": which of its tensors are keys and values is not told by their names; "
            + tensorsText(listing) + ". Name them in the mapping: key=NAME,value=NAME.");
    mapping.key = guess->key;
    mapping.value = guess->value;
    mapping.both = guess->both;
    if (const std::string problem = mappingProblem(mapping); !problem.empty())
        throw inputError(listing.file + ": the mapping " + printMapping(mapping)
            + ", whose names are those of the file, does not hold together: " + problem + ".");
    return mapping;
}

bool isFloat8(const StoredTensor& tensor) { return tensor.dtype == DType::F8E4M3 || tensor.dtype == DType::F8E5M2; }

} // namespace

DumpLayout previewMapping(const TensorListing& listing, const DumpMapping& mapping)
{
    DumpLayout layout;
    const DumpMapping whole = completed(mapping, listing);
    auto found = Mapper(listing, whole, layout.info, {}).run();
    for (auto& [index, layer] : found)
        for (auto* tensor : { &layer.key, &layer.value })
            if (*tensor && isFloat8(**tensor))
                (*tensor)->dtype = DType::F32;
    acceptLayers(layout, found, listing.file);
    return layout;
}

DumpLayout readMapped(const FormatProbe& probe, TensorListing listing, const DumpMapping& mapping)
{
    DumpLayout layout;
    layout.info.format = listing.format;
    layout.files = std::move(listing.files);
    const DumpMapping whole = completed(mapping, listing);
    auto found = Mapper(listing, whole, layout.info, probe.told()).run();
    applyScales(found, probe.file(), layout);
    acceptLayers(layout, found, listing.file);
    settleGeometry(layout, geometryFromMetadata(listing.metadata, listing.file), probe.file());
    acceptCompanions(layout, probe.file(), listing.tensors, false);
    acceptMetadata(layout.info, listing.metadata, listing.file);
    return layout;
}

} // namespace pikv
