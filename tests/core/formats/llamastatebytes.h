// SPDX-License-Identifier: GPL-3.0-or-later
// llama.cpp's sessions and slots built byte by byte, in every layout that its versions since 9 and 2 stand for.
#pragma once
#include "foreignfiles.h"

namespace llamabytes {
using namespace pikv;

enum Type : std::uint32_t { F32 = 0, F16 = 1, Q4_0 = 2, Q4_1 = 3, Q5_0 = 6, Q5_1 = 7, Q8_0 = 8, BF16 = 30 };

struct Cell {
    std::int32_t position;
    std::vector<std::int32_t> sequences;
};

inline std::vector<Cell> prompt(int count, bool named)
{
    std::vector<Cell> cells;
    for (int i = 0; i < count; ++i)
        cells.push_back({ i, named ? std::vector { 0 } : std::vector<std::int32_t> {} });
    return cells;
}

inline std::size_t blockBytes(std::uint32_t type)
{
    return type == Q4_0 ? 18 : type == Q4_1 ? 20 : type == Q5_0 ? 22 : type == Q5_1 ? 24 : 34;
}
inline bool isPlain(std::uint32_t type) { return type == F32 || type == F16 || type == BF16; }
inline DType plainType(std::uint32_t type) { return type == F32 ? DType::F32 : type == F16 ? DType::F16 : DType::BF16; }

/// Block `place` of a quantised tensor: factor 0.5, offset -1, codes that differ by place.
inline Bytes blockAt(std::uint32_t type, std::size_t place)
{
    Bytes block(blockBytes(type));
    for (std::size_t i = 0; i < block.size(); ++i)
        block[i] = std::byte((37 * i + 11 + 101 * place) & 255);
    const std::uint16_t factor = 0x3800, offset = 0xBC00;
    std::memcpy(block.data(), &factor, 2);
    if (type == Q4_1 || type == Q5_1)
        std::memcpy(block.data() + 2, &offset, 2);
    return block;
}

/// Element `e` of that block, from the words of ggml-common.h.
inline float blockElement(const Bytes& block, std::uint32_t type, int e)
{
    const auto byte = [&](std::size_t i) { return std::to_integer<int>(block[i]); };
    if (type == Q8_0)
        return 0.5f * float(static_cast<signed char>(byte(2 + std::size_t(e))));
    const bool offset = type == Q4_1 || type == Q5_1, five = type == Q5_0 || type == Q5_1;
    const std::size_t high = offset ? 4 : 2, codes = high + (five ? 4 : 0);
    const int nibbles = byte(codes + std::size_t(e % 16));
    int code = e < 16 ? nibbles % 16 : nibbles / 16;
    if (five && (byte(high + std::size_t(e / 8)) >> (e % 8)) % 2 == 1)
        code += 16;
    return offset ? 0.5f * float(code) - 1 : 0.5f * float(code - (five ? 16 : 8));
}

struct State {
    bool session = false, outputs = false, streams = false, packed = false;
    std::uint32_t extension = 0, version = 0; ///< 0: the one of its kind
    std::uint32_t keyRotation = 0, valueRotation = 0; ///< written by versions 4 and 11
    std::string architecture = "llama";
    std::vector<std::int32_t> tokens;
    std::vector<std::vector<Cell>> sections;
    std::size_t emptyStreams = 0; ///< before the one with the cells
    std::uint32_t keyType = F16, valueType = F16;
    bool transposed = true;
    std::size_t layers = 2, width = 128, valueWidth = 128;

    /// Element of a tensor (0, 1, … in file order of keys, then values) in file, cell by cell.
    static float plain(std::size_t tensor, std::size_t cell, std::size_t channel)
    {
        return roundValue(tensor * 7919 + cell * 131 + channel);
    }
    float expected(std::size_t tensor, std::size_t cell, std::size_t channel, std::uint32_t type, std::size_t w) const
    {
        if (isPlain(type))
            return plain(tensor, cell, channel);
        const std::size_t place = tensor * 977 + cell * (w / 32) + channel / 32;
        return blockElement(blockAt(type, place), type, int(channel % 32));
    }

    void writeRows(Bytes& out, std::size_t tensor, std::size_t cells, std::uint32_t type, std::size_t w) const
    {
        appendLe<std::uint32_t>(out, type);
        appendLe<std::uint64_t>(out, isPlain(type) ? w * dtypeSize(plainType(type)) : w / 32 * blockBytes(type));
        for (std::size_t cell = 0; cell < cells; ++cell)
            for (std::size_t c = 0; c < w; c += isPlain(type) ? 1 : 32)
                if (isPlain(type)) {
                    appendFloat(out, plain(tensor, cell, c), plainType(type));
                } else {
                    const Bytes block = blockAt(type, tensor * 977 + cell * (w / 32) + c / 32);
                    out.insert(out.end(), block.begin(), block.end());
                }
    }

    void writeSection(Bytes& out, const std::vector<Cell>& cells, std::size_t firstTensor) const
    {
        if (streams) {
            appendLe<std::uint32_t>(out, std::uint32_t(emptyStreams + 1));
            for (std::size_t i = 0; i < emptyStreams; ++i)
                appendLe<std::uint32_t>(out, 0);
        }
        appendLe<std::uint32_t>(out, std::uint32_t(cells.size()));
        for (const Cell& cell : cells) {
            appendLe<std::int32_t>(out, cell.position);
            appendLe<std::uint32_t>(out, std::uint32_t(cell.sequences.size()));
            for (std::uint32_t i = 0; i < extension; i += 4)
                appendLe<std::uint32_t>(out, 7);
            for (const std::int32_t id : cell.sequences)
                appendLe(out, id);
        }
        appendLe<std::uint32_t>(out, transposed);
        appendLe<std::uint32_t>(out, std::uint32_t(layers));
        if (version == (session ? 11 : 4))
            for (const std::uint32_t channels : { keyRotation, valueRotation })
                appendLe<std::uint32_t>(out, channels);
        for (std::size_t i = 0; i < layers; ++i)
            writeRows(out, firstTensor + i, cells.size(), keyType, width);
        for (std::size_t i = layers; i < 2 * layers; ++i) {
            if (!transposed) {
                writeRows(out, firstTensor + i, cells.size(), valueType, valueWidth);
                continue;
            }
            appendLe<std::uint32_t>(out, valueType);
            appendLe<std::uint32_t>(out, std::uint32_t(dtypeSize(plainType(valueType))));
            appendLe<std::uint32_t>(out, std::uint32_t(valueWidth));
            for (std::size_t c = 0; c < valueWidth; ++c)
                for (std::size_t cell = 0; cell < cells.size(); ++cell)
                    appendFloat(out, plain(firstTensor + i, cell, c), plainType(valueType));
        }
    }

    void writeTokens(Bytes& out) const
    {
        if (!packed) {
            appendLe<std::uint32_t>(out, std::uint32_t(tokens.size()));
            for (const std::int32_t token : tokens)
                appendLe(out, token);
            return;
        }
        // One image whose description has three bytes.
        appendLe<std::uint32_t>(out, std::uint32_t(3 + tokens.size() + 2 + 2));
        for (const std::int32_t word : { -1, 1, std::int32_t(tokens.size()) })
            appendLe(out, word);
        for (const std::int32_t token : tokens)
            appendLe(out, token);
        for (const std::int32_t word : { 1, 0, 3, 0 })
            appendLe(out, word);
    }

    Bytes bytes() const
    {
        Bytes out;
        appendLe<std::uint32_t>(out, session ? 0x6767736E : 0x67677371);
        appendLe<std::uint32_t>(out, version ? version : session ? 9 : 2);
        writeTokens(out);
        if (session) {
            appendLe<std::uint32_t>(out, std::uint32_t(architecture.size()));
            appendText(out, architecture);
        }
        if (outputs) {
            appendLe<std::uint32_t>(out, 1);
            appendLe<std::int32_t>(out, 0);
            appendLe<std::uint64_t>(out, 400);
            out.resize(out.size() + 1600);
            appendLe<std::uint64_t>(out, 0);
        }
        std::size_t tensor = 0;
        for (const auto& cells : sections) {
            writeSection(out, cells, tensor);
            tensor += 2 * layers;
        }
        return out;
    }
};

inline State slot(int cells)
{
    State state;
    state.sections = { prompt(cells, false) };
    for (int i = 0; i < cells; ++i)
        state.tokens.push_back(100 + i);
    return state;
}

} // namespace llamabytes
