// SPDX-License-Identifier: GPL-3.0-or-later
// Quantised transform coefficients as one adaptive stream, token by token. What a level is likely to be follows from
// the same component at earlier tokens, from the stronger components of this token, and from the token's step.
#pragma once
#include "core/base/bytes.h"
#include "core/base/jobcontrol.h"
#include <cstdint>
#include <span>

namespace pikv {

/// What both ends know of a stream beside its bytes.
struct LevelLayout {
    std::size_t components = 0; ///< of a token, the strongest first
    /// By component: log2 of the size that |level| has on the average, at step class 0, in quarters.
    std::span<const std::int16_t> sizes;
    /// By token: its step is 2^(class / 2) as wide. Its length is the number of tokens.
    std::span<const std::int8_t> stepClasses;
};

/// Of log2(size) in quarters; sizes outside ±2^15 are clamped.
inline constexpr int leastLevelSize = -60, largestLevelSize = 60;

/// Appends `levels` [tokens, components], each within ±32767. Polls `job`.
void encodeLevels(const LevelLayout& layout, const std::int16_t* levels, Bytes& out, const JobControl& job);

/// What encodeLevels() appended, and where its levels go.
struct StoredLevels {
    LevelLayout layout;
    ByteSpan bytes;
    std::int16_t* levels;
};
/// The inverse, of two streams at once: a processor does something of one while it waits for the other, so that both
/// take little longer than one. Throws Error{Input} where `bytes` are not those of so many levels. Polls `job`.
void decodeLevels(const StoredLevels& one, const StoredLevels& other, const JobControl& job);
void decodeLevels(const StoredLevels& stored, const JobControl& job);

} // namespace pikv
