// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>

namespace fuzz {

/// From now on large buffers come from malloc like all others, so that they are counted.
void countAllMemory();
/// Forgets the peak; bytes that operator new handed out and that are held.
std::uint64_t startCounting();
/// The most bytes that were held at once since startCounting().
std::uint64_t mostHeld();

} // namespace fuzz
