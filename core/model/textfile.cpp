// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/textfile.h"
#include "core/base/error.h"
#include "core/base/filesource.h"
#include "core/base/text.h"
#include <algorithm>

namespace pikv {
namespace {

std::string readBytes(const FileSource& file, std::uint64_t count)
{
    std::string text(count, '\0');
    file.read(0, { reinterpret_cast<std::byte*>(text.data()), text.size() });
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

std::string readTextStart(const std::string& path, std::uint64_t limit)
{
    const FileSource file(path);
    std::string text = readBytes(file, std::min(file.size(), limit));
    if (file.size() <= limit)
        return text;
    for (int i = 0; i < 4 && !text.empty(); ++i) { // back to the first byte of the last character
        const auto last = static_cast<unsigned char>(text.back());
        if (last < 0x80)
            break;
        text.pop_back();
        if (last >= 0xC0)
            break;
    }
    return text;
}

} // namespace pikv
