// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/freememory.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <fstream>

namespace pikv {

std::optional<std::uint64_t> freeMemory()
{
    std::ifstream file("/proc/meminfo");
    std::string key, unit;
    std::uint64_t kilobytes = 0;
    while (file >> key >> kilobytes && std::getline(file, unit))
        if (key == "MemAvailable:")
            return kilobytes * 1024;
    return {};
}

void needMemory(std::uint64_t bytes, const std::string& what)
{
    const auto free = freeMemory();
    if (!free || bytes <= *free)
        return;
    throw resourceError(what + " needs " + byteText(bytes) + " of memory; " + byteText(*free) + " are free");
}

} // namespace pikv
