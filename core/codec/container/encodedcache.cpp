// SPDX-License-Identifier: GPL-3.0-or-later
// Sections of layers, their sizes and their sums.
#include "core/codec/container/encodedcache.h"
#include "core/base/error.h"
#include "core/base/filesource.h"
#include "core/codec/container/containerfile.h"
#include "core/codec/container/containerlayout.h"
#include <algorithm>
#include <numeric>

namespace pikv {

void SectionSet::add(std::string name, Bytes bytes) { m_sections.emplace_back(std::move(name), std::move(bytes)); }

bool SectionSet::has(std::string_view name) const
{
    return std::any_of(m_sections.begin(), m_sections.end(), [&](const auto& s) { return s.first == name; });
}

ByteSpan SectionSet::get(std::string_view name) const
{
    for (const auto& [key, bytes] : m_sections)
        if (key == name)
            return bytes;
    throw inputError("the compressed cache lacks its section '" + std::string(name) + "'");
}

ByteSpan SectionSet::get(std::string_view name, std::size_t bytes) const
{
    const ByteSpan span = get(name);
    if (span.size() != bytes)
        throw inputError("section '" + std::string(name) + "' holds " + std::to_string(span.size())
            + " bytes where its shape needs " + std::to_string(bytes));
    return span;
}

std::uint64_t SectionSet::byteCount() const
{
    std::uint64_t sum = 0;
    for (const auto& [name, bytes] : m_sections)
        sum += bytes.size();
    return sum;
}

void describe(CacheInfo& info, const EncodedHeader& header)
{
    info.model = header.model;
    info.layers = header.layers;
    info.layerNumbers = header.layerNumbers;
    info.rope = header.rope;
    info.layerRopes = header.layerRopes;
    info.positions = header.positions;
    info.visible = header.visible;
}

EncodedHeader encodedHeader(const CacheInfo& info, const std::string& spec, std::uint64_t seed)
{
    EncodedHeader header;
    header.spec = spec;
    header.seed = seed;
    header.model = info.model;
    header.rope = info.rope;
    header.layerRopes = info.layerRopes;
    header.layerNumbers = info.layerNumbers;
    header.visible = info.visible;
    header.layers = info.layers;
    header.positions = info.positions;
    for (LayerShape& shape : header.layers) {
        shape.queryHeads = shape.queryCount = 0;
        shape.queryDtype = DType::F16;
    }
    bool counting = true;
    for (std::size_t i = 0; i < header.positions.size(); ++i)
        counting = counting && header.positions[i] == static_cast<std::int64_t>(i);
    if (counting)
        header.positions.clear();
    return header;
}

void EncodedSizes::addLayer(const SectionSet& layer)
{
    for (const auto& [name, bytes] : layer.all()) {
        auto at = m_sizes.find(name);
        if (at == m_sizes.end()) {
            m_names.push_back(name);
            at = m_sizes.emplace(name, std::vector<std::uint64_t>(m_layerBytes.size(), 0)).first;
        }
        at->second.push_back(bytes.size());
    }
    m_layerBytes.push_back(layer.byteCount());
    for (auto& [name, sizes] : m_sizes)
        sizes.resize(m_layerBytes.size(), 0);
}

void EncodedSizes::setGlobal(const SectionSet& sections)
{
    m_global.clear();
    for (const auto& [name, bytes] : sections.all())
        m_global.emplace_back(name, bytes.size());
}

std::uint64_t EncodedSizes::fileBytes(const EncodedHeader& header) const
{
    return ContainerLayout(header, *this).fileBytes();
}

std::uint64_t EncodedSizes::layersBytes() const
{
    return std::accumulate(m_layerBytes.begin(), m_layerBytes.end(), std::uint64_t(0));
}

std::uint64_t EncodedSizes::payloadBytes() const
{
    std::uint64_t sum = layersBytes();
    for (const auto& [name, bytes] : m_global)
        sum += bytes;
    return sum;
}

std::vector<std::pair<std::string, std::uint64_t>> EncodedSizes::layerBreakdown() const
{
    std::vector<std::pair<std::string, std::uint64_t>> list;
    for (const std::string& name : m_names) {
        const std::vector<std::uint64_t>& sizes = m_sizes.at(name);
        const std::uint64_t sum = std::accumulate(sizes.begin(), sizes.end(), std::uint64_t(0));
        const std::string plain = name.substr(name.find('/') + 1); // npos + 1 is 0
        const auto same
            = std::find_if(list.begin(), list.end(), [&](const auto& entry) { return entry.first == plain; });
        if (same == list.end())
            list.emplace_back(plain, sum);
        else
            same->second += sum;
    }
    return list;
}

EncodedSizes EncodedCache::sizes() const
{
    EncodedSizes sizes;
    for (const SectionSet& layer : layers)
        sizes.addLayer(layer);
    sizes.setGlobal(global);
    return sizes;
}

void EncodedCache::save(const std::string& path) const { writeContainer(*this, path); }

EncodedCache EncodedCache::load(const std::string& path) { return readContainer(FileSource(path)); }

} // namespace pikv
