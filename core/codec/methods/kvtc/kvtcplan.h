// SPDX-License-Identifier: GPL-3.0-or-later
// Which precision every principal component is coded with: KVTC's dynamic program (arXiv 2511.01815, B.17).
#pragma once
#include "core/base/bytes.h"
#include "core/base/jobcontrol.h"
#include <array>
#include <cstdint>
#include <vector>

namespace pikv {

enum class KvtcType : std::uint8_t { None, Int2, Int4, Fp8 };

/// Components that one integer group may have.
inline constexpr std::array<std::int64_t, 5> kvtcSizes { 1, 16, 64, 256, 1024 };

/// Neighbouring components of a token, coded alike: not at all, as E4M3, or as integers between the smallest and the
/// largest of the token's group.
struct KvtcGroup {
    KvtcType type = KvtcType::None;
    std::int64_t size = 1; ///< one of kvtcSizes; of None and Fp8, which have no shift and scale, any
    bool operator==(const KvtcGroup&) const = default;
};
/// The groups of all components, the strongest first.
using KvtcPlan = std::vector<KvtcGroup>;

/// Width of a code.
int codeBits(KvtcType type);
/// Whether the type stores a shift and a scale for every token of a group.
inline bool hasRange(KvtcType type) { return type == KvtcType::Int2 || type == KvtcType::Int4; }
/// Bits of a token: codes, and 16-bit shift and scale.
std::int64_t tokenBits(const KvtcGroup& group);
std::int64_t tokenBits(const KvtcPlan& plan);
/// Bytes of a group for `tokens` tokens; only the end of its codes is padded.
std::size_t groupBytes(const KvtcGroup& group, std::int64_t tokens);
std::int64_t componentCount(const KvtcPlan& plan);

/// Mean squared error of a token by what codes it, of components 0 … count() - 1.
struct KvtcErrors {
    std::vector<float> dropped, fp8; ///< of one component
    /// [type: Int2, Int4][size] of the group that begins at a component; infinite where so many do not follow.
    std::array<std::array<std::vector<float>, kvtcSizes.size()>, 2> integers;

    std::size_t count() const { return dropped.size(); }
    /// Of a whole group that begins at component `first`.
    double of(const KvtcGroup& group, std::size_t first) const;
};

/// The groups with the least sum of errors whose bits a token are at most `budget`; every component that is coded costs
/// `componentBits` besides (its share of a stored basis). Runs of equal groups without a range are joined. Exact, as
/// bits go in steps of two: `budget` is rounded down, `componentBits` up. Polls `job`.
KvtcPlan planGroups(const KvtcErrors& errors, std::int64_t budget, std::int64_t componentBits, const JobControl& job);
/// The least bits that anything but nothing takes.
std::int64_t leastBits(std::int64_t componentBits);

/// Three bytes a run of equal groups.
Bytes writePlan(const KvtcPlan& plan);
/// Throws Error{Input} where `bytes` are no plan, or one of more than `mostComponents`.
KvtcPlan readPlan(ByteSpan bytes, std::int64_t mostComponents);

} // namespace pikv
