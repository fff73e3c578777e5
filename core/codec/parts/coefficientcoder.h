// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include <cstdint>

namespace pikv {

/// Codes `count` coefficients with `bits` (1 … 8: mid-rise uniform quantiser, one f16 step written first; 16: f16
/// values) and appends them, padded to whole bytes. The step starts at the Gaussian optimum for their spread and is
/// widened where the data's tails ask for it (least squared error of five candidates).
void encodeCoefficients(const float* values, std::int64_t count, int bits, Bytes& out);

/// Bytes that encodeCoefficients() appends.
std::size_t coefficientBytes(int bits, std::int64_t count);

/// Bits of the step that encodeCoefficients() writes before the codes.
std::int64_t coefficientSideBits(int bits);

/// Reads what encodeCoefficients() wrote; `at` moves on. Throws Error{Input} where the bytes end too early.
void decodeCoefficients(ByteSpan bytes, std::size_t& at, int bits, float* values, std::int64_t count);

/// Reads `count` coefficients of a longer run, from number `first` on, a multiple of 8; `run` begins where the run
/// does.
void decodeCoefficientsFrom(ByteSpan run, std::int64_t first, int bits, float* values, std::int64_t count);

} // namespace pikv
