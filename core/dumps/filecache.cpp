// SPDX-License-Identifier: GPL-3.0-or-later
// Layers of a dump on disk: where its reader says they lie, seen as it says.
#include "core/dumps/filecache.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/cache/torchdtype.h"
#include "core/formats/stridedread.h"
#include <ATen/ops/empty.h>
#include <algorithm>
#include <future>

namespace pikv {

FileCache::FileCache(std::string path, std::unique_ptr<const ByteSource> file, DumpLayout layout)
    : m_file(std::move(file))
    , m_layout(std::move(layout))
{
    m_info = std::move(m_layout.info);
    m_info.path = std::move(path);
}

/// One read where the elements lie in C order; else they are gathered by their strides, run by run or from their whole
/// extent.
at::Tensor FileCache::read(const StoredTensor& entry) const
{
    const ByteSource& file = m_layout.fileOf(entry, *m_file);
    const std::uint64_t shown = static_cast<std::uint64_t>(entry.count()) * dtypeSize(entry.dtype);
    const std::string what = "reading tensor " + inQuotes(entry.name) + " of " + file.name();
    if (!entry.strides.empty())
        requireMemory(shown, what); // it may show an element many times
    at::Tensor tensor = at::empty(entry.shape, torchType(entry.dtype));
    const std::span bytes(static_cast<std::byte*>(tensor.data_ptr()), tensor.nbytes());
    if (entry.decode) {
        entry.decode(file, { static_cast<float*>(tensor.data_ptr()), static_cast<std::size_t>(tensor.numel()) });
        return tensor;
    }
    if (entry.strides.empty()) {
        file.read(entry.begin, bytes);
        return tensor;
    }
    if (gatherRuns(file, entry, bytes))
        return tensor;
    requireMemory(shown + entry.bytes, what);
    const at::Tensor extent
        = at::empty({ static_cast<std::int64_t>(entry.bytes / dtypeSize(entry.dtype)) }, torchType(entry.dtype));
    file.read(entry.begin, std::span(static_cast<std::byte*>(extent.data_ptr()), extent.nbytes()));
    return tensor.copy_(extent.as_strided(entry.shape, entry.strides));
}

bool FileCache::isReadBeside(const StoredTensor& entry) const
{
    constexpr std::uint64_t worthAThread = 1 << 21;
    return !entry.decode && entry.bytes >= worthAThread && m_layout.fileOf(entry, *m_file).servesThreads();
}

LayerKv FileCache::layer(int index) const
{
    const LayerEntries& entries = m_layout.layers.at(static_cast<std::size_t>(index));
    LayerKv layer;
    if (isReadBeside(entries.key) && isReadBeside(entries.value)) {
        auto value = std::async(std::launch::async, [&] { return read(entries.value); });
        layer.key = read(entries.key);
        layer.value = value.get();
    } else {
        layer.key = read(entries.key);
        layer.value = read(entries.value);
    }
    if (entries.query)
        layer.query = read(*entries.query);
    if (entries.keep)
        layer.keep = read(*entries.keep).to(at::kBool);
    if (entries.repeats > 1) {
        layer.key = distinctHeads(layer.key, entries.repeats, index);
        layer.value = distinctHeads(layer.value, entries.repeats, index);
    }
    return layer;
}

at::Tensor FileCache::distinctHeads(const at::Tensor& all, std::int64_t repeats, int index) const
{
    const std::int64_t heads = all.size(1) / repeats;
    const at::Tensor grouped = all.view({ all.size(0), heads, repeats, all.size(2), all.size(3) });
    const auto copy = [&](std::int64_t i) { return grouped.select(2, i).contiguous(); };
    const auto bits = [](const at::Tensor& x) { return x.view(at::kByte); }; // NaN equals itself
    at::Tensor first = copy(0);
    for (std::int64_t i = 1; i < repeats; ++i)
        if (!bits(copy(i)).equal(bits(first)))
            throw inputError(m_info.path + ": in layer 0 each of " + std::to_string(heads) + " KV heads is stored "
                + std::to_string(repeats) + " times, in layer " + std::to_string(layerNumber(index))
                + " they differ; leave the config out of the metadata to read all of them");
    return first;
}

at::Tensor FileCache::storedImportance() const
{
    if (!m_layout.importance)
        return {};
    const at::Tensor importance = read(*m_layout.importance).to(at::kFloat);
    // A NaN compares false, so that it fails the test as well.
    const auto* values = importance.data_ptr<float>();
    if (!std::all_of(values, values + importance.numel(), [](float v) { return v >= 0 && v <= 1; }))
        throw inputError(m_info.path + ": tensor " + inQuotes(m_layout.importance->name)
            + " has values outside 0 to 1; scale the importance before saving it.");
    return importance;
}

bool FileCache::hasKeep() const
{
    return std::any_of(
        m_layout.layers.begin(), m_layout.layers.end(), [](const LayerEntries& l) { return l.keep.has_value(); });
}

} // namespace pikv
