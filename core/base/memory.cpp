// SPDX-License-Identifier: GPL-3.0-or-later
// How much memory a job may take: the least of what the machine, its control group and the process's limits leave.
#include "core/base/memory.h"
#include "core/base/blockpool.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <fstream>
#include <limits>
#include <optional>
#include <sys/resource.h>
#include <unistd.h>

namespace pikv {
namespace {

/// Number of the line `key NUMBER` of a file such as /proc/meminfo or memory.stat.
std::optional<std::uint64_t> numberAfter(const std::string& path, std::string_view key)
{
    std::ifstream file(path);
    std::string name, rest;
    std::uint64_t value = 0;
    while (file >> name >> value && std::getline(file, rest))
        if (name == key)
            return value;
    return {};
}

std::optional<std::uint64_t> numberIn(const std::string& path)
{
    std::uint64_t value = 0;
    return std::ifstream(path) >> value ? std::optional(value) : std::nullopt; // "max": no limit
}

/// Pages of this process: field 0 of statm is its address space, field 1 its resident memory.
std::uint64_t statmBytes(int field)
{
    std::ifstream file("/proc/self/statm");
    std::uint64_t pages[2] = {};
    file >> pages[0] >> pages[1];
    return pages[field] * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t left(std::uint64_t limit, std::uint64_t used) { return limit > used ? limit - used : 0; }

std::optional<std::uint64_t> addressSpaceLeft()
{
    struct ::rlimit limit { };
    if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return {};
    return left(limit.rlim_cur, statmBytes(0));
}

/// Of control groups, version 2; files that the kernel can drop from its page cache do not count as used.
std::optional<std::uint64_t> controlGroupLeft()
{
    std::string line;
    std::ifstream file("/proc/self/cgroup");
    while (std::getline(file, line) && !line.starts_with("0::")) { }
    if (!line.starts_with("0::"))
        return {};
    const std::string folder = "/sys/fs/cgroup" + line.substr(3);
    const auto limit = numberIn(folder + "/memory.max"), used = numberIn(folder + "/memory.current");
    if (!limit || !used)
        return {};
    return left(*limit, left(*used, numberAfter(folder + "/memory.stat", "inactive_file").value_or(0)));
}

} // namespace

AvailableMemory availableMemory()
{
    AvailableMemory memory { std::numeric_limits<std::uint64_t>::max(), "nothing" };
    const auto consider = [&](std::optional<std::uint64_t> bytes, std::string_view limit) {
        if (bytes && *bytes < memory.bytes)
            memory = { *bytes, limit };
    };
    if (const auto kilobytes = numberAfter("/proc/meminfo", "MemAvailable:"))
        consider(*kilobytes * 1024, "free memory");
    consider(addressSpaceLeft(), "limit on address space, ulimit -v");
    consider(controlGroupLeft(), "limit of the control group");
    return memory;
}

void requireMemory(std::uint64_t bytes, const std::string& what)
{
    AvailableMemory memory = availableMemory();
    if (bytes > memory.bytes && BlockPool::process().bytesKept() > 0) {
        BlockPool::process().trim();
        memory = availableMemory();
    }
    if (bytes > memory.bytes)
        throw resourceError(what + " needs about " + byteText(bytes) + " of memory, but only " + byteText(memory.bytes)
            + " are available (" + std::string(memory.limit) + ")");
}

std::uint64_t currentRssBytes() { return statmBytes(1); }

} // namespace pikv
