// SPDX-License-Identifier: GPL-3.0-or-later
// Lays out a safetensors file, widest elements first so that all are aligned, and writes it piece by piece.
#include "core/formats/safetensorswriter.h"
#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>

namespace pikv {

std::string layOutSafetensors(std::vector<TensorEntry>& tensors, const std::map<std::string, std::string>& metadata)
{
    std::vector<std::size_t> order(tensors.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::stable_sort(order.begin(), order.end(),
        [&](std::size_t a, std::size_t b) { return dtypeSize(tensors[a].dtype) > dtypeSize(tensors[b].dtype); });
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    if (!metadata.empty())
        json["__metadata__"] = metadata;
    std::uint64_t offset = 0;
    for (std::size_t i : order) {
        TensorEntry& t = tensors[i];
        t.bytes = tensorBytes(t);
        t.begin = offset;
        json[t.name] = { { "dtype", safetensorsName(t.dtype) }, { "shape", t.shape },
            { "data_offsets", { offset, offset + t.bytes } } };
        offset += t.bytes;
    }
    std::string text = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    text.append((8 - text.size() % 8) % 8, ' ');
    const std::uint64_t length = text.size();
    std::string prefix(reinterpret_cast<const char*>(&length), sizeof length);
    prefix += text;
    for (TensorEntry& t : tensors)
        t.begin += prefix.size();
    return prefix;
}

SafetensorsWriter::SafetensorsWriter(
    const std::string& path, std::vector<TensorEntry> tensors, const std::map<std::string, std::string>& metadata)
    : m_tensors(std::move(tensors))
    , m_written(m_tensors.size(), 0)
    , m_prefix(layOutSafetensors(m_tensors, metadata))
    , m_file(path, fileBytes(m_prefix, m_tensors))
{
    m_file.append(asBytes(m_prefix.data(), m_prefix.size()));
}

std::uint64_t SafetensorsWriter::fileBytes(const std::string& prefix, const std::vector<TensorEntry>& tensors)
{
    std::uint64_t sum = prefix.size();
    for (const TensorEntry& t : tensors)
        sum += t.bytes;
    return sum;
}

void SafetensorsWriter::write(std::size_t index, ByteSpan bytes)
{
    const TensorEntry& tensor = m_tensors.at(index);
    if (bytes.size() > tensor.bytes - m_written[index])
        throw std::logic_error("too many bytes for tensor " + tensor.name);
    m_file.writeAt(tensor.begin + m_written[index], bytes);
    m_written[index] += bytes.size();
}

void SafetensorsWriter::commit()
{
    for (std::size_t i = 0; i < m_tensors.size(); ++i)
        if (m_written[i] != m_tensors[i].bytes)
            throw std::logic_error("tensor " + m_tensors[i].name + " is not complete");
    m_file.commit();
}

} // namespace pikv
