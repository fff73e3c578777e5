// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace pikv {

/// Memory that can be had without swapping, in bytes; nothing where the system does not say.
std::optional<std::uint64_t> freeMemory();
/// Throws Error{Resource} when `bytes` are more than the free memory: "<what> needs 4.3 GiB of memory; 2.1 GiB are
/// free".
void needMemory(std::uint64_t bytes, const std::string& what);

} // namespace pikv
