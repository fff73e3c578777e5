// SPDX-License-Identifier: GPL-3.0-or-later
// What a method's encoder hands out and its decoder gets: named sections, header, and the file that holds both.
#pragma once
#include "core/base/bytes.h"
#include "core/cache/cacheinfo.h"
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pikv {

/// Named byte sections in the order they were added; of one layer, or of the whole cache.
class SectionSet {
public:
    void add(std::string name, Bytes bytes);
    bool has(std::string_view name) const;
    /// Throws Error{Input} naming the section when it is missing.
    ByteSpan get(std::string_view name) const;
    /// As get(), and the size must be `bytes`: Error{Input} names both otherwise.
    ByteSpan get(std::string_view name, std::size_t bytes) const;
    std::uint64_t byteCount() const;
    const std::vector<std::pair<std::string, Bytes>>& all() const { return m_sections; }

private:
    std::vector<std::pair<std::string, Bytes>> m_sections;
};

/// What decode knows beside the sections; stored in the container's header and counted.
struct EncodedHeader {
    std::string spec; ///< the method with every non-default parameter
    std::uint64_t seed = 0;
    std::string model;
    RopeInfo rope;
    std::vector<RopeInfo> layerRopes; ///< as in CacheInfo
    std::vector<int> layerNumbers; ///< as in CacheInfo
    std::vector<std::uint8_t> visible; ///< as in CacheInfo
    std::vector<LayerShape> layers; ///< without queries
    std::vector<std::int64_t> positions; ///< empty: 0 … seq-1
    bool calibration = false; ///< holds what other caches share, and no cache
    bool hasKeep = false; ///< decoded layers come with a keep-mask: the method drops tokens

    const RopeInfo& ropeOf(std::size_t layer) const { return layerRopes.empty() ? rope : layerRopes.at(layer); }
};
/// What the header tells of the cache.
void describe(CacheInfo& info, const EncodedHeader& header);
EncodedHeader encodedHeader(const CacheInfo& info, const std::string& spec, std::uint64_t seed);

/// Sizes of an encoded cache, enough to know the size of its file to the byte. The evaluator fills one while it
/// streams layers, so that it never holds a whole encoded cache.
class EncodedSizes {
public:
    void addLayer(const SectionSet& layer);
    void setGlobal(const SectionSet& sections);
    /// Size of the `.pikv` file: header, checksums and payload.
    std::uint64_t fileBytes(const EncodedHeader& header) const;
    /// Bytes of all sections.
    std::uint64_t payloadBytes() const;
    /// Bytes of the layers' sections by name, summed over layers (and over the sequences of a cache with padding, which
    /// have sections of their own), in order of first appearance.
    std::vector<std::pair<std::string, std::uint64_t>> layerBreakdown() const;
    std::uint64_t layersBytes() const;
    /// Sections of the whole cache.
    const std::vector<std::pair<std::string, std::uint64_t>>& global() const { return m_global; }
    const std::vector<std::uint64_t>& layerBytes() const { return m_layerBytes; }

private:
    friend struct ContainerLayout;
    std::vector<std::string> m_names; ///< layer sections in order of first appearance
    std::map<std::string, std::vector<std::uint64_t>, std::less<>> m_sizes; ///< name → size in every layer
    std::vector<std::pair<std::string, std::uint64_t>> m_global;
    std::vector<std::uint64_t> m_layerBytes;
};

/// A compressed cache: all that decode gets. On disk a safetensors file (extension .pikv, `kv_format` = pikv-enc-1):
/// one U8 tensor a section, `[layers, bytes]` where the layers agree in size, else `[bytes]` with a companion
/// `<name>.sizes` U64 [layers]; sections of the whole cache are called `cache.<name>`; the tensor `checksums` (U64)
/// holds the XXH3-64 of the header and then of every other tensor in file order.
class EncodedCache {
public:
    EncodedHeader header;
    std::vector<SectionSet> layers;
    SectionSet global;

    EncodedSizes sizes() const;
    std::uint64_t fileBytes() const { return sizes().fileBytes(header); }
    /// Whole or not at all; throws Error{Resource} naming the file.
    void save(const std::string& path) const;
    /// Throws Error{Input}: not a .pikv, damaged (which section), unknown version.
    static EncodedCache load(const std::string& path);
};

} // namespace pikv
