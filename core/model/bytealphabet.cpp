// SPDX-License-Identifier: GPL-3.0-or-later
// GPT-2's printable stand-ins for the 256 bytes, in both directions.
#include "core/model/vocabulary.h"
#include <array>

namespace pikv {
namespace {

/// Printable Latin-1 characters stand for themselves, the other 68 bytes for U+0100, U+0101, …
struct Alphabet {
    std::array<int, 256> codePoint {};
    std::array<int, 0x144> byte {};
    Alphabet()
    {
        byte.fill(-1);
        int next = 0x100;
        for (int b = 0; b < 256; ++b) {
            const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
            const int code = printable ? b : next++;
            codePoint[static_cast<std::size_t>(b)] = code;
            byte[static_cast<std::size_t>(code)] = b;
        }
    }
};
const Alphabet& alphabet()
{
    static const Alphabet table;
    return table;
}

} // namespace

std::string bytesToAlphabet(std::string_view bytes)
{
    std::string out;
    for (const char c : bytes) {
        const int code = alphabet().codePoint[static_cast<unsigned char>(c)];
        if (code < 0x80) {
            out.push_back(static_cast<char>(code));
        } else {
            out.push_back(static_cast<char>(0xC0 | code >> 6));
            out.push_back(static_cast<char>(0x80 | (code & 63)));
        }
    }
    return out;
}

std::string bytesFromAlphabet(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        int code = static_cast<unsigned char>(text[i]);
        if (code >= 0xC0 && code < 0xE0 && i + 1 < text.size())
            code = (code & 31) << 6 | (static_cast<unsigned char>(text[++i]) & 63);
        const int byte = code < 0x144 ? alphabet().byte[static_cast<std::size_t>(code)] : -1;
        if (byte < 0)
            return std::string(text);
        out.push_back(static_cast<char>(byte));
    }
    return out;
}

} // namespace pikv
