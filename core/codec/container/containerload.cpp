// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a `.pikv` file: all checksums first, then header and sections.
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/codec/container/containerfile.h"
#include "core/codec/container/containerformat.h"
#include "core/codec/container/containerlayout.h"
#include <algorithm>
#include <map>

namespace pikv {
namespace {

/// Reads one `.pikv` file; every section is checked against its checksum before anything is made of it.
class Reader {
public:
    explicit Reader(const ByteSource& file)
        : m_file(file)
        , m_header(readSafetensors(m_file))
    {
        for (const TensorEntry& tensor : m_header.tensors)
            m_byName.emplace(tensor.name, &tensor);
        const auto format = m_header.metadata.find("kv_format");
        if (format == m_header.metadata.end()
            || (format->second != ContainerFormat::cache && format->second != ContainerFormat::calibration))
            fail("is neither a compressed cache nor a calibration (kv_format is not "
                + std::string(ContainerFormat::cache) + " or " + ContainerFormat::calibration + ")");
        checkAll();
    }

    EncodedCache load()
    {
        EncodedCache cache;
        try {
            cache.header = headerFromMetadata(m_header.metadata);
        } catch (const Error& e) {
            fail(e.what());
        }
        cache.layers.resize(cache.header.layers.size());
        if (m_header.tensors.size() * std::max<std::size_t>(1, cache.layers.size()) > maxSections)
            fail("it claims " + std::to_string(m_header.tensors.size()) + " sections of "
                + std::to_string(cache.layers.size()) + " layers, above the limit of " + std::to_string(maxSections)
                + " in all");
        for (const TensorEntry& tensor : m_header.tensors) {
            const std::string& name = tensor.name;
            if (tensor.dtype == DType::U64)
                continue; // checksums and size tables
            if (name.starts_with(ContainerLayout::globalPrefix))
                cache.global.add(name.substr(std::string(ContainerLayout::globalPrefix).size()), read(tensor));
            else
                addLayers(tensor, cache.layers);
        }
        return cache;
    }

private:
    static constexpr std::size_t maxSections = 1 << 20; ///< sections x layers

    [[noreturn]] void fail(const std::string& what) const { throw inputError(m_file.name() + ": " + what); }

    Bytes read(const TensorEntry& tensor) const
    {
        Bytes bytes(tensor.bytes);
        m_file.read(tensor.begin, bytes);
        return bytes;
    }

    std::uint64_t hashOfPrefix() const
    {
        Bytes prefix(m_header.tensors.empty() ? 0 : m_header.tensors.front().begin);
        m_file.read(0, prefix);
        return hashOf(prefix);
    }

    void checkAll() const
    {
        const auto& tensors = m_header.tensors;
        if (tensors.empty() || tensors.front().name != ContainerLayout::checksumsName
            || tensors.front().dtype != DType::U64 || tensors.front().bytes != tensors.size() * 8)
            fail("its checksums are missing or do not fit its sections");
        const Bytes checksums = read(tensors.front());
        if (loadLe<std::uint64_t>(checksums.data()) != hashOfPrefix())
            fail("the header is damaged (its checksum does not fit)");
        constexpr std::size_t chunk = std::size_t(1) << 22;
        Bytes buffer;
        for (std::size_t i = 1; i < tensors.size(); ++i) {
            Hasher hasher;
            for (std::uint64_t at = 0; at < tensors[i].bytes; at += chunk) {
                buffer.resize(std::min<std::uint64_t>(chunk, tensors[i].bytes - at));
                m_file.read(tensors[i].begin + at, buffer);
                hasher.add(buffer);
            }
            if (hasher.value() != loadLe<std::uint64_t>(checksums.data() + 8 * i))
                fail("section '" + tensors[i].name + "' is damaged (its checksum does not fit)");
        }
    }

    std::vector<std::uint64_t> sizesOf(const TensorEntry& tensor, std::size_t layers) const
    {
        if (tensor.shape.size() == 2 && tensor.shape[0] == static_cast<std::int64_t>(layers))
            return std::vector<std::uint64_t>(layers, static_cast<std::uint64_t>(tensor.shape[1]));
        const auto at = m_byName.find(tensor.name + ContainerLayout::sizesSuffix);
        const TensorEntry* table = at == m_byName.end() ? nullptr : at->second;
        if (!table || table->dtype != DType::U64 || table->bytes != layers * 8)
            fail("section '" + tensor.name + "' has no table of layer sizes");
        const Bytes words = read(*table);
        std::vector<std::uint64_t> sizes(layers);
        std::uint64_t left = tensor.bytes;
        for (std::size_t i = 0; i < layers; ++i) {
            sizes[i] = loadLe<std::uint64_t>(words.data() + 8 * i);
            if (sizes[i] > left)
                fail("section '" + tensor.name + "' is smaller than its table of layer sizes says");
            left -= sizes[i];
        }
        if (left != 0)
            fail("section '" + tensor.name + "' is larger than its table of layer sizes says");
        return sizes;
    }

    void addLayers(const TensorEntry& tensor, std::vector<SectionSet>& layers) const
    {
        std::uint64_t offset = tensor.begin;
        const auto sizes = sizesOf(tensor, layers.size());
        for (std::size_t i = 0; i < layers.size(); ++i) {
            Bytes bytes(sizes[i]);
            m_file.read(offset, bytes);
            offset += sizes[i];
            layers[i].add(tensor.name, std::move(bytes));
        }
    }

    const ByteSource& m_file;
    const SafetensorsHeader m_header;
    std::map<std::string, const TensorEntry*, std::less<>> m_byName;
};

} // namespace

EncodedCache readContainer(const ByteSource& file) { return Reader(file).load(); }

} // namespace pikv
