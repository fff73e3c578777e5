// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include <memory>
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

inline std::uint64_t hashOf(ByteSpan bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

} // namespace pikv
