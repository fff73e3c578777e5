// SPDX-License-Identifier: GPL-3.0-or-later
// Feeds bytes to the reader of `.pikv` files: as they are, and with checksums that fit, which otherwise would end
// nearly every run. Any exception but Error{Input} is a bug, and so are sections larger than the file.
#include "checks.h"
#include "core/base/hash.h"
#include "core/codec/container/companions.h"
#include "core/codec/container/containerfile.h"
#include "core/formats/safetensors.h"

using namespace pikv;
using fuzz::require;

namespace {

void readWhole(const ByteSource& file)
{
    const EncodedCache cache = readContainer(file);
    std::uint64_t bytes = cache.global.byteCount();
    for (const SectionSet& layer : cache.layers)
        bytes += layer.byteCount();
    require(bytes <= file.size());
    require(cache.layers.size() == cache.header.layers.size());
    CacheInfo info;
    describe(info, cache.header);
    readCompanions(cache.global, info);
    require(info.tokenIds.empty() || info.tokenIds.size() == static_cast<std::size_t>(info.batch() * info.seq()));
}

/// Nothing where the first tensor is not what holds them.
Bytes withChecksums(const ByteSource& file)
{
    const SafetensorsHeader header = readSafetensors(file);
    Bytes bytes(file.size());
    file.read(0, bytes);
    const auto& tensors = header.tensors;
    if (tensors.empty() || tensors.front().bytes != 8 * tensors.size())
        return {};
    const auto put = [&](std::size_t i, std::uint64_t hash) {
        std::memcpy(bytes.data() + tensors.front().begin + 8 * i, &hash, sizeof hash);
    };
    put(0, hashOf(ByteSpan(bytes).first(tensors.front().begin)));
    for (std::size_t i = 1; i < tensors.size(); ++i)
        put(i, hashOf(ByteSpan(bytes).subspan(tensors[i].begin, tensors[i].bytes)));
    return bytes;
}

} // namespace

/// A few characters of the header can name 2^24 tokens, and a section 64 MiB of text.
std::uint64_t fuzzMemoryBound(std::size_t size) { return (std::uint64_t(512) << 20) + 512 * std::uint64_t(size); }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::parse(data, size, "fuzz", readWhole);
    fuzz::parse(data, size, "fuzz", [](const ByteSource& file) {
        const Bytes fitting = withChecksums(file);
        if (!fitting.empty())
            readWhole(MemorySource(fitting, "fuzz"));
    });
    return 0;
}
