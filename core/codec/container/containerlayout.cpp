// SPDX-License-Identifier: GPL-3.0-or-later
// Where every byte of a `.pikv` file goes, from the sizes of its sections alone (resources/docs/format.md).
#include "core/codec/container/containerlayout.h"
#include "core/formats/safetensorswriter.h"
#include <algorithm>

namespace pikv {
namespace {
TensorEntry entry(std::string name, DType dtype, std::vector<std::uint64_t> shape)
{
    TensorEntry tensor;
    tensor.name = std::move(name);
    tensor.dtype = dtype;
    tensor.shape.assign(shape.begin(), shape.end());
    return tensor;
}
}

bool ContainerLayout::equalSizes(const std::vector<std::uint64_t>& sizes)
{
    return std::all_of(sizes.begin(), sizes.end(), [&](std::uint64_t s) { return s == sizes.front(); });
}

ContainerLayout::ContainerLayout(const EncodedHeader& header, const EncodedSizes& sizes)
{
    const std::uint64_t layers = sizes.m_layerBytes.size();
    std::vector<TensorEntry> sections;
    tensors.push_back(entry(checksumsName, DType::U64, {}));
    for (const std::string& name : sizes.m_names) {
        const auto& each = sizes.m_sizes.at(name);
        if (equalSizes(each)) {
            sections.push_back(entry(name, DType::U8, { layers, each.front() }));
            continue;
        }
        std::uint64_t total = 0;
        for (std::uint64_t size : each)
            total += size;
        tensors.push_back(entry(name + sizesSuffix, DType::U64, { layers }));
        sections.push_back(entry(name, DType::U8, { total }));
    }
    for (const auto& [name, bytes] : sizes.m_global)
        sections.push_back(entry(globalPrefix + name, DType::U8, { bytes }));
    tensors.insert(tensors.end(), sections.begin(), sections.end());
    tensors.front().shape = { static_cast<std::int64_t>(tensors.size()) };
    prefix = layOutSafetensors(tensors, headerToMetadata(header));
}

std::int64_t ContainerLayout::expectedOverhead(const std::string& spec, int layers, int sections, bool fingerprint)
{
    constexpr std::int64_t header = 230; // length word, metadata and the table of checksums
    constexpr std::int64_t section = 76, cacheSection = 100; // entry in the header, checksum
    // Some sections differ in size from layer to layer: one table of them, with its entry.
    const std::int64_t sizeTables = layers > 1 ? 72 + 12 * layers : 0;
    return header + section * sections + static_cast<std::int64_t>(spec.size()) + (fingerprint ? cacheSection : 0)
        + sizeTables;
}

std::uint64_t ContainerLayout::fileBytes() const
{
    std::uint64_t sum = prefix.size();
    for (const TensorEntry& t : tensors)
        sum += t.bytes;
    return sum;
}

} // namespace pikv
