// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/containerlayout.h"
#include <algorithm>
#include <nlohmann/json.hpp>

namespace pikv {

bool ContainerLayout::equalSizes(const std::vector<std::uint64_t>& sizes)
{
    return std::all_of(sizes.begin(), sizes.end(), [&](std::uint64_t s) { return s == sizes.front(); });
}

ContainerLayout::ContainerLayout(const EncodedHeader& header, const EncodedSizes& sizes)
{
    const std::uint64_t layers = sizes.m_layerBytes.size();
    std::vector<Tensor> sections;
    tensors.push_back({ checksumsName, true, {}, 0 });
    for (const std::string& name : sizes.m_names) {
        const auto& each = sizes.m_sizes.at(name);
        std::uint64_t total = 0;
        for (std::uint64_t size : each)
            total += size;
        if (equalSizes(each)) {
            sections.push_back({ name, false, { layers, each.front() }, total });
        } else {
            tensors.push_back({ name + sizesSuffix, true, { layers }, layers * 8 });
            sections.push_back({ name, false, { total }, total });
        }
    }
    for (const auto& [name, bytes] : sizes.m_global)
        sections.push_back({ globalPrefix + name, false, { bytes }, bytes });
    tensors.insert(tensors.end(), sections.begin(), sections.end());
    tensors.front().shape = { tensors.size() };
    tensors.front().bytes = tensors.size() * 8;

    nlohmann::ordered_json json;
    json["__metadata__"] = headerToMetadata(header);
    std::uint64_t offset = 0;
    for (const Tensor& t : tensors) {
        json[t.name] = { { "dtype", t.words ? "U64" : "U8" }, { "shape", t.shape },
            { "data_offsets", { offset, offset + t.bytes } } };
        offset += t.bytes;
    }
    std::string text = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    text.append((8 - text.size() % 8) % 8, ' ');
    const std::uint64_t length = text.size();
    prefix.assign(reinterpret_cast<const char*>(&length), sizeof length);
    prefix += text;
}

std::uint64_t ContainerLayout::fileBytes() const
{
    std::uint64_t sum = prefix.size();
    for (const Tensor& t : tensors)
        sum += t.bytes;
    return sum;
}

} // namespace pikv
