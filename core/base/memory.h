// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace pikv {

/// How many more bytes this process can take, and what sets that limit.
struct AvailableMemory {
    std::uint64_t bytes = 0;
    std::string_view limit; ///< "free memory", "limit on address space, ulimit -v", …
};
/// The smallest of MemAvailable, what RLIMIT_AS leaves and what the control group leaves; the largest number where
/// the system tells none of them.
AvailableMemory availableMemory();

/// Throws Error{Resource} naming both sizes when `bytes` more are not to be had: "`what` needs about 4.3 GiB of
/// memory, but only 2.1 GiB are available (free memory)".
void requireMemory(std::uint64_t bytes, const std::string& what);

/// Resident memory of this process; 0 where the system does not tell.
std::uint64_t currentRssBytes();

} // namespace pikv
