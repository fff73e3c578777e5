// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/blockpool.h"
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace pikv {

using Bytes = std::vector<std::byte, PoolAllocator<std::byte>>;
using ByteSpan = std::span<const std::byte>;

/// Reads a little-endian value at any alignment. The caller has checked that it fits.
template <typename T>
T loadLe(const std::byte* at)
{
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

template <typename T>
void appendLe(Bytes& out, T value)
{
    static_assert(std::is_trivially_copyable_v<T>);
    const std::size_t at = out.size();
    out.resize(at + sizeof value);
    std::memcpy(out.data() + at, &value, sizeof value);
}

inline ByteSpan asBytes(const void* data, std::size_t size) { return { static_cast<const std::byte*>(data), size }; }

} // namespace pikv
