// SPDX-License-Identifier: GPL-3.0-or-later
// A `.pikv` file seen as a cache: its sections are in memory, its layers are decoded when they are asked for.
#include "core/dumps/openencoded.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/codec/compressor.h"
#include "core/codec/container/companions.h"
#include "core/codec/container/containerformat.h"
#include "core/codec/layerview.h"
#include <filesystem>
#include <mutex>

namespace pikv {
namespace {

/// What the container or its method complain of is a fault of this file.
template <typename F>
auto blaming(const std::string& path, F&& work)
{
    try {
        return work();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Cancelled || error.kind() == ErrorKind::Resource
            || std::string_view(error.what()).starts_with(path))
            throw;
        throw inputError(path + ": " + error.what());
    }
}

class EncodedFileCache final : public KvCache {
public:
    explicit EncodedFileCache(const std::string& path)
        : m_encoded(EncodedCache::load(path))
        , m_method(makeCompressor(parseSpec(m_encoded.header.spec)))
    {
        const EncodedHeader& header = m_encoded.header;
        if (header.calibration)
            throw inputError(path + " is a calibration of " + m_method->spec().id + ", not a cache; use it with "
                + m_method->spec().id + ":shared=" + path);
        m_info.path = path;
        m_info.format = ContainerFormat::title(header.spec);
        m_info.fileBytes = m_encoded.fileBytes();
        describe(m_info, header);
        readCompanions(m_encoded.global, m_info);
    }

    LayerKv layer(int index) const override
    {
        return blaming(m_info.path, [&] {
            const LayerwiseCompressor* layerwise = m_method->layerwise();
            if (!layerwise)
                return decoded().layer(index);
            requireMemory(decodedBytes(index), "decoding layer " + std::to_string(index) + " of " + m_info.path);
            const SectionSet& sections = m_encoded.layers.at(static_cast<std::size_t>(index));
            return layerwise->decodeOne(
                layerOutput(m_encoded.header, index, index, sections, m_encoded.global, c10::kCPU), m_context);
        });
    }

    bool hasKeep() const override { return m_encoded.header.hasKeep; }

private:
    std::uint64_t decodedBytes(int index) const
    {
        const LayerShape& s = m_info.layers.at(static_cast<std::size_t>(index));
        const auto rows = static_cast<std::uint64_t>(s.rows());
        return rows
            * (static_cast<std::uint64_t>(s.keyDim) * dtypeSize(s.keyDtype)
                + static_cast<std::uint64_t>(s.valueDim) * dtypeSize(s.valueDtype));
    }

    const KvCache& decoded() const
    {
        const std::scoped_lock lock(m_mutex);
        if (!m_decoded) {
            std::uint64_t bytes = 0;
            for (int i = 0; i < layerCount(); ++i)
                bytes += decodedBytes(i);
            requireMemory(bytes, "decoding " + m_info.path);
            m_decoded = m_method->decode(m_encoded, m_context);
        }
        return *m_decoded;
    }

    EncodedCache m_encoded;
    std::unique_ptr<Compressor> m_method;
    JobControl m_job;
    CodecContext m_context { m_job, c10::kCPU, m_encoded.header.seed };
    mutable std::mutex m_mutex;
    mutable std::shared_ptr<KvCache> m_decoded;
};

} // namespace

CachePtr openEncoded(const std::string& path)
{
    std::error_code unknown;
    // All of it is held while its layers are decoded; where there is no file, opening it says so.
    if (const auto size = std::filesystem::file_size(path, unknown); !unknown)
        requireMemory(size, "opening " + path);
    return blaming(path, [&]() -> CachePtr { return std::make_shared<EncodedFileCache>(path); });
}

} // namespace pikv
