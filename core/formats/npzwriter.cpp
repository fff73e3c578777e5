// SPDX-License-Identifier: GPL-3.0-or-later
// NumPy's .npz, as numpy.savez writes it (the .npy format, version 1.0, of the NumPy Enhancement Proposal 1).
#include "core/formats/npzwriter.h"
#include "core/formats/orderedtensors.h"
#include "core/formats/zipwriter.h"
#include <stdexcept>

namespace pikv {
namespace {

std::string descrOf(DType dtype)
{
    switch (dtype) {
    case DType::F16:
        return "<f2";
    case DType::F32:
        return "<f4";
    case DType::F64:
        return "<f8";
    case DType::I64:
        return "<i8";
    case DType::U8:
        return "|u1";
    case DType::BF16:
        return "|V2";
    default:
        throw std::logic_error("a dump has no tensors of this type");
    }
}

Bytes npyHeader(const std::string& descr, const std::vector<std::int64_t>& shape)
{
    std::string text = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (";
    for (const std::int64_t n : shape)
        text += std::to_string(n) + ", ";
    if (shape.size() > 1)
        text.resize(text.size() - 2);
    else if (shape.size() == 1)
        text.resize(text.size() - 1);
    text += "), }";
    constexpr std::size_t before = 10, alignment = 64; // so that arrays can be mapped
    text.append(alignment - 1 - (before + text.size()) % alignment, ' ');
    text += '\n';
    Bytes bytes;
    const std::string magic("\x93NUMPY\x01\x00", 8);
    for (const char c : magic)
        bytes.push_back(static_cast<std::byte>(c));
    appendLe<std::uint16_t>(bytes, static_cast<std::uint16_t>(text.size()));
    for (const char c : text)
        bytes.push_back(static_cast<std::byte>(c));
    return bytes;
}

/// NumPy's text has four bytes a character; ours is UTF-8, checked where it came in.
Bytes utf32(const std::string& text, std::size_t& characters)
{
    Bytes bytes;
    characters = 0;
    for (std::size_t i = 0; i < text.size(); ++characters) {
        const auto first = static_cast<unsigned char>(text[i]);
        const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
        std::uint32_t code = length == 1 ? first : first & (0x7FU >> length);
        for (std::size_t k = 1; k < length && i + k < text.size(); ++k)
            code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
        appendLe(bytes, code);
        i += length;
    }
    return bytes;
}

class NpzWriter final : public OrderedTensors {
public:
    NpzWriter(
        const std::string& path, std::vector<TensorEntry> list, const std::map<std::string, std::string>& metadata)
        : OrderedTensors(std::move(list))
        , m_zip(path, tensorBytes(tensors()))
    {
        for (const auto& [key, text] : metadata) {
            std::size_t characters = 0;
            const Bytes data = utf32(text, characters);
            if (characters > 0)
                m_zip.add(key + ".npy", npyHeader("<U" + std::to_string(characters), {}), data);
        }
    }

private:
    void add(std::size_t, const TensorEntry& tensor, ByteSpan bytes) override
    {
        m_zip.add(tensor.name + (tensor.dtype == DType::BF16 ? ".bf16.npy" : ".npy"),
            npyHeader(descrOf(tensor.dtype), tensor.shape), bytes);
    }
    void finish() override { m_zip.commit(); }

    ZipWriter m_zip;
};

} // namespace

std::unique_ptr<TensorWriter> makeNpzWriter(
    const std::string& path, std::vector<TensorEntry> tensors, const std::map<std::string, std::string>& metadata)
{
    return std::make_unique<NpzWriter>(path, std::move(tensors), metadata);
}

} // namespace pikv
