// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include <cstdint>

namespace pikv {

/// Takes bytes in order, as many as it has room for.
class ByteSink {
public:
    virtual ~ByteSink() = default;
    /// Throws Error{Resource} where there is no room for `bytes` more.
    virtual void requireRoom(std::uint64_t bytes) const = 0;
    /// Adds them at the end. Throws Error{Resource} where there is no room for them.
    virtual void append(ByteSpan bytes) = 0;
    /// Bytes taken until now.
    virtual std::uint64_t size() const = 0;
};

} // namespace pikv
