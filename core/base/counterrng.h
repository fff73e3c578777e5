// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <initializer_list>

namespace pikv {

/// Random numbers by counter: value n of a stream depends on the stream's key and on n alone, so that results do not
/// depend on thread count, order or LibTorch version. SplitMix64 (Steele, Lea, Flood 2014) with the counter as state.
class CounterRng {
public:
    /// A stream for `seed` and a place such as {layer, head}.
    explicit CounterRng(std::uint64_t seed, std::initializer_list<std::uint64_t> place = {})
        : m_key(mix(seed))
    {
        for (std::uint64_t part : place)
            m_key = mix(m_key ^ mix(part + golden));
    }
    std::uint64_t bits(std::uint64_t n) const { return mix(m_key + (n + 1) * golden); }
    /// Uniform in [0, 1).
    float uniform(std::uint64_t n) const { return static_cast<float>(bits(n) >> 40) * 0x1p-24f; }
    /// Close to a standard normal: the scaled sum of four 16-bit uniform numbers (excess kurtosis -0.3, within ±3.47).
    /// Integer arithmetic but for one product: the same on every machine, and fast.
    float normal(std::uint64_t n) const
    {
        const std::uint64_t b = bits(n);
        const std::uint64_t pairs = (b & 0x0000FFFF0000FFFF) + ((b >> 16) & 0x0000FFFF0000FFFF);
        const auto sum = static_cast<std::int32_t>((pairs & 0xFFFFFFFF) + (pairs >> 32));
        return static_cast<float>(sum - 2 * 65535) * (1.0f / 37837.23f);
    }

private:
    static constexpr std::uint64_t golden = 0x9E3779B97F4A7C15;
    static constexpr std::uint64_t mix(std::uint64_t z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
    std::uint64_t m_key;
};

} // namespace pikv
