// SPDX-License-Identifier: GPL-3.0-or-later
// Copies by streaming stores, which do not fetch the lines that they overwrite; for tensors that outgrow the caches.
#include "core/kernels/pastcaches.h"
#include "core/kernels/floatrows.h"
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/pastcaches.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pikv::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// `out` lies on a line of the cache, `bytes` is a multiple of its 64 bytes.
void streamLines(const std::uint8_t* source, std::size_t bytes, std::uint8_t* out)
{
    const hn::CappedTag<std::uint8_t, 64> d;
    for (std::size_t i = 0; i < bytes; i += hn::Lanes(d))
        hn::Stream(hn::LoadU(d, source + i), d, out + i);
}

} // namespace pikv::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pikv {
HWY_EXPORT(streamLines);

namespace {
constexpr std::size_t line = 64;
constexpr std::size_t chunk = 2048; ///< elements converted at a time: 8 KB at most, in the first-level cache
}

void copyPastCaches(const void* source, std::size_t bytes, void* out)
{
    const auto* from = static_cast<const std::uint8_t*>(source);
    auto* to = static_cast<std::uint8_t*>(out);
    const std::size_t head = std::min(bytes, (line - reinterpret_cast<std::uintptr_t>(to) % line) % line);
    const std::size_t lines = (bytes - head) / line * line, tail = bytes - head - lines;
    std::memcpy(to, from, head);
    HWY_DYNAMIC_DISPATCH(streamLines)(from + head, lines, to + head);
    std::memcpy(to + head + lines, from + head + lines, tail);
    hwy::FlushStream(); // before another thread may be told that the bytes are there
}

void fromFloatsPastCaches(const float* source, DType dtype, std::size_t count, void* out)
{
    if (dtype != DType::F16 && dtype != DType::BF16) {
        if (dtype == DType::F32)
            return copyPastCaches(source, count * sizeof(float), out);
        return fromFloats(source, dtype, count, out);
    }
    std::array<std::uint16_t, chunk> halves;
    auto* to = static_cast<std::uint16_t*>(out);
    for (std::size_t at = 0; at < count; at += chunk) {
        const std::size_t n = std::min(chunk, count - at);
        fromFloats(source + at, dtype, n, halves.data());
        copyPastCaches(halves.data(), n * sizeof halves[0], to + at);
    }
}

} // namespace pikv
#endif
