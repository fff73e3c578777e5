// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <vector>

namespace pikv {

/// Widths a coefficient may be coded with: 0 (dropped), 1 … 8 bits with a uniform quantiser, 16 (half precision).
inline constexpr int maxUniformBits = 8, halfBits = 16;

/// Mean squared error of the best uniform quantiser of a unit Gaussian at `bits` (Max, "Quantizing for minimum
/// distortion", 1960, table II); 1 at 0 bits.
double gaussianDistortion(int bits);
/// Its step in units of the standard deviation, 1 <= bits <= 8.
double gaussianStep(int bits);

/// A coefficient stream: `count` values of variance `variance`, whose error matters `weight` times.
struct BitUnit {
    double variance = 0;
    double weight = 1;
    std::int64_t count = 0;
    std::int64_t sideBits = 0; ///< paid beside the codes at 1 … 8 bits: the step
    int group = -1; ///< units of a group share a basis vector …
    bool wholeBytes = false; ///< the codes are padded to whole bytes
};

/// Reverse water-filling in integers (Cover & Thomas 10.3.3): gives bits to the unit whose weighted error falls most a
/// bit spent, until the budget is used up. `groupBits` is paid when the first unit of a group gets bits. The spent
/// total never exceeds `budget` (in bits) and is within one step of the smallest unit of it while any unit can still
/// grow.
std::vector<int> allocateBits(
    const std::vector<BitUnit>& units, const std::vector<std::int64_t>& groupBits, std::int64_t budget);

} // namespace pikv
