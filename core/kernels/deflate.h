// SPDX-License-Identifier: GPL-3.0-or-later
// DEFLATE (RFC 1951) of bytes in memory, without a header; by zlib.
#pragma once
#include "core/base/bytes.h"
#include "core/base/jobcontrol.h"

namespace pikv {

/// At zlib's highest level. Polls `job`.
Bytes deflated(ByteSpan bytes, const JobControl& job);
/// The inverse, for what is `size` bytes long. Throws Error{Input} where `bytes` are not that. Polls `job`.
Bytes inflated(ByteSpan bytes, std::size_t size, const JobControl& job);

} // namespace pikv
