// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include <memory>
#include <string>
#include <string_view>
#include <xxhash.h>

namespace pikv {

/// XXH3-64 over pieces: the checksum of containers and fingerprints.
class Hasher {
public:
    Hasher()
        : m_state(XXH3_createState(), &XXH3_freeState)
    {
        XXH3_64bits_reset(m_state.get());
    }
    void add(ByteSpan bytes) { XXH3_64bits_update(m_state.get(), bytes.data(), bytes.size()); }
    std::uint64_t value() const { return XXH3_64bits_digest(m_state.get()); }

private:
    std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> m_state;
};

/// XXH3-128 over pieces, 32 hexadecimal digits: tells contents apart wherever they lie. `xxh128sum` prints a file's.
class ContentHasher {
public:
    ContentHasher()
        : m_state(XXH3_createState(), &XXH3_freeState)
    {
        XXH3_128bits_reset(m_state.get());
    }
    void add(ByteSpan bytes) { XXH3_128bits_update(m_state.get(), bytes.data(), bytes.size()); }
    /// With its length, so that no two lists of texts give the same bytes.
    void add(std::string_view text)
    {
        const std::uint64_t length = text.size();
        add(asBytes(&length, sizeof length));
        add(asBytes(text.data(), text.size()));
    }
    std::string value() const
    {
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(m_state.get()));
        static constexpr char digits[] = "0123456789abcdef";
        std::string text;
        for (const unsigned char byte : canonical.digest)
            text += { digits[byte >> 4], digits[byte & 15] };
        return text;
    }

private:
    std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> m_state;
};

inline std::uint64_t hashOf(ByteSpan bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

} // namespace pikv
