// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include <cstdint>
#include <vector>

namespace pikv {

/// Whole numbers from 0 to 2^32 - 1 in as many bits as the largest needs, LSB first: one byte that says how many, then
/// the codes, padded to whole bytes. Throws Error{Usage} for others.
Bytes packTokens(const std::vector<std::int64_t>& values);
/// The inverse. Throws Error{Input} where the section does not hold `count` numbers.
std::vector<std::int64_t> unpackTokens(ByteSpan section, std::int64_t count);

} // namespace pikv
