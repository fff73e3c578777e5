// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/dtype.h"
#include <cstddef>

namespace pikv {

/// Whether results of `bytes` in all are better written past the processor's caches: where they do not fit into them, a
/// plain store first reads what it overwrites from memory, and drives out what is still needed.
constexpr bool outgrowsCaches(std::size_t bytes) { return bytes >= std::size_t(32) << 20; }

/// memcpy() that writes past the caches; whole lines of 64 bytes, the ends as memcpy() does.
void copyPastCaches(const void* source, std::size_t bytes, void* out);

/// fromFloats() that writes past the caches.
void fromFloatsPastCaches(const float* source, DType dtype, std::size_t count, void* out);

} // namespace pikv
