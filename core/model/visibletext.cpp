// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/visibletext.h"
#include "core/model/pretokenizer.h"

namespace pikv {
namespace {

void appendByte(std::string& out, char c)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out.append({ '<', digits[byte >> 4], digits[byte & 15], '>' });
}

void appendValid(std::string& out, std::string_view text)
{
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == ' ')
            out += "␣";
        else if (c == '\n')
            out += "↵";
        else if (c == '\t')
            out += "⇥";
        else if (byte < 0x20 || byte == 0x7F)
            appendByte(out, c);
        else
            out.push_back(c);
    }
}

} // namespace

std::string visibleText(std::string_view bytes)
{
    std::string out;
    while (const auto bad = firstInvalidUtf8(bytes)) {
        appendValid(out, bytes.substr(0, *bad));
        appendByte(out, bytes[*bad]);
        bytes.remove_prefix(*bad + 1);
    }
    appendValid(out, bytes);
    return out;
}

} // namespace pikv
