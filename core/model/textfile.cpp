// SPDX-License-Identifier: GPL-3.0-or-later
// Reads texts: whole or their start, as they are or as a text to prefill.
#include "core/model/textfile.h"
#include "core/base/error.h"
#include "core/base/filesource.h"
#include "core/base/text.h"
#include "core/model/pretokenizer.h"
#include <algorithm>
#include <cstdio>

namespace pikv {
namespace {

std::string readBytes(const FileSource& file, std::uint64_t count)
{
    std::string text(count, '\0');
    file.read(0, { reinterpret_cast<std::byte*>(text.data()), text.size() });
    return text;
}

std::string promptOf(std::string text, const std::string& path)
{
    if (const auto offset = firstInvalidUtf8(text)) {
        char byte[8];
        std::snprintf(byte, sizeof byte, "0x%02x", static_cast<unsigned>(static_cast<unsigned char>(text[*offset])));
        throw inputError(
            path + ": byte " + std::to_string(*offset) + " (" + byte + ") is not UTF-8; save the text as UTF-8");
    }
    std::size_t put = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool carriageReturn = text[i] == '\r';
        if (carriageReturn && i + 1 < text.size() && text[i + 1] == '\n')
            continue;
        text[put++] = carriageReturn ? '\n' : text[i];
    }
    text.resize(put);
    return text;
}

} // namespace

std::string readTextFile(const std::string& path)
{
    constexpr std::uint64_t limit = 100'000'000;
    const FileSource file(path);
    if (file.size() > limit)
        throw inputError(path + " has " + byteText(file.size()) + "; at most 100 MB are read");
    return readBytes(file, file.size());
}

std::string readPrompt(const std::string& path) { return promptOf(readTextFile(path), path); }

std::string readPromptStart(const std::string& path, std::uint64_t limit)
{
    const FileSource file(path);
    std::string text = readBytes(file, std::min(file.size(), limit));
    if (file.size() <= limit)
        return promptOf(std::move(text), path);
    constexpr std::size_t longestCharacter = 4;
    if (const auto cut = firstInvalidUtf8(text); cut && text.size() - *cut < longestCharacter)
        text.resize(*cut);
    return promptOf(std::move(text), path);
}

} // namespace pikv
