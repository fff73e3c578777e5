// SPDX-License-Identifier: GPL-3.0-or-later
// Sections of layers, their sizes and their sums.
#include "core/codec/container/encodedcache.h"
#include "core/base/error.h"
#include "core/codec/container/containerfile.h"
#include "core/codec/container/containerlayout.h"
#include <algorithm>

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

EncodedHeader encodedHeader(const CacheInfo& info, const std::string& spec, std::uint64_t seed)
{
    EncodedHeader header;
    header.spec = spec;
    header.seed = seed;
    header.model = info.model;
    header.rope = info.rope;
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

std::uint64_t EncodedSizes::payloadBytes() const
{
    std::uint64_t sum = 0;
    for (const auto& [name, bytes] : breakdown())
        sum += bytes;
    return sum;
}

std::vector<std::pair<std::string, std::uint64_t>> EncodedSizes::breakdown() const
{
    std::vector<std::pair<std::string, std::uint64_t>> list;
    for (const std::string& name : m_names) {
        std::uint64_t sum = 0;
        for (std::uint64_t size : m_sizes.at(name))
            sum += size;
        list.emplace_back(name, sum);
    }
    list.insert(list.end(), m_global.begin(), m_global.end());
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

EncodedCache EncodedCache::load(const std::string& path) { return readContainer(path); }

} // namespace pikv
