// SPDX-License-Identifier: GPL-3.0-or-later
// The dynamic program over the components and the bits spent so far, and the plan's bytes.
#include "core/codec/methods/kvtc/kvtcplan.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/kernels/bitpack.h"
#include <algorithm>
#include <limits>

namespace pikv {
namespace {

constexpr std::int64_t rangeBits = 32; ///< shift and scale
constexpr std::int64_t unitBits = 2; ///< all costs are multiples of it
constexpr std::size_t runBytes = 3;
constexpr std::int64_t longestRun = 65535;

/// A step of the program: what codes the next components.
struct Choice {
    KvtcGroup group;
    std::int64_t units; ///< of the budget
};

/// None and Fp8 of several components are several of one: they have nothing to share.
std::vector<Choice> choices(std::int64_t componentUnits)
{
    std::vector<Choice> list { { { KvtcType::None, 1 }, 0 },
        { { KvtcType::Fp8, 1 }, tokenBits(KvtcGroup { KvtcType::Fp8, 1 }) / unitBits + componentUnits } };
    for (const KvtcType type : { KvtcType::Int2, KvtcType::Int4 })
        for (const std::int64_t size : kvtcSizes)
            list.push_back({ { type, size }, tokenBits(KvtcGroup { type, size }) / unitBits + size * componentUnits });
    return list;
}

std::uint8_t sizeCode(std::int64_t size)
{
    return static_cast<std::uint8_t>(std::find(kvtcSizes.begin(), kvtcSizes.end(), size) - kvtcSizes.begin());
}

void addGroup(KvtcPlan& plan, const KvtcGroup& group)
{
    if (!plan.empty() && !hasRange(group.type) && plan.back().type == group.type)
        plan.back().size += group.size;
    else
        plan.push_back(group);
}

} // namespace

int codeBits(KvtcType type)
{
    static constexpr int bits[] = { 0, 2, 4, 8 };
    return bits[static_cast<std::size_t>(type)];
}

std::int64_t tokenBits(const KvtcGroup& group)
{
    return group.size * codeBits(group.type) + (hasRange(group.type) ? rangeBits : 0);
}

std::int64_t tokenBits(const KvtcPlan& plan)
{
    std::int64_t bits = 0;
    for (const KvtcGroup& group : plan)
        bits += tokenBits(group);
    return bits;
}

std::size_t groupBytes(const KvtcGroup& group, std::int64_t tokens)
{
    const auto codes = static_cast<std::size_t>(tokens * group.size);
    return packedBytes(codes, codeBits(group.type))
        + (hasRange(group.type) ? static_cast<std::size_t>(tokens * rangeBits / 8) : 0);
}

std::int64_t componentCount(const KvtcPlan& plan)
{
    std::int64_t count = 0;
    for (const KvtcGroup& group : plan)
        count += group.size;
    return count;
}

double KvtcErrors::of(const KvtcGroup& group, std::size_t first) const
{
    if (hasRange(group.type))
        return integers[group.type == KvtcType::Int4][sizeCode(group.size)][first];
    double sum = 0;
    for (std::int64_t i = 0; i < group.size; ++i)
        sum += (group.type == KvtcType::None ? dropped : fp8)[first + static_cast<std::size_t>(i)];
    return sum;
}

std::int64_t leastBits(std::int64_t componentBits) { return codeBits(KvtcType::Fp8) + componentBits; }

KvtcPlan planGroups(const KvtcErrors& errors, std::int64_t budget, std::int64_t componentBits, const JobControl& job)
{
    const std::size_t count = errors.count();
    const std::vector<Choice> all = choices((componentBits + unitBits - 1) / unitBits);
    // More than the dearest choice for every component cannot be spent.
    std::int64_t most = 0;
    for (const Choice& choice : all)
        most = std::max(most, (choice.units + choice.group.size - 1) / choice.group.size);
    const auto width = static_cast<std::size_t>(
                           std::clamp<std::int64_t>(budget / unitBits, 0, most * static_cast<std::int64_t>(count)))
        + 1;
    // best[i][b]: the least error of the first i components in at most b units. No group is longer than the ring.
    const std::size_t ring = std::min<std::size_t>(count, kvtcSizes.back()) + 1;
    requireMemory(
        (ring * sizeof(double) + count) * width, "allocating the bits of " + std::to_string(count) + " components");
    std::vector<double> best(ring * width, 0.0);
    std::vector<std::uint8_t> chosen(count * width);
    for (std::size_t i = 1; i <= count; ++i) {
        job.checkpoint();
        double* const now = best.data() + i % ring * width;
        std::fill_n(now, width, std::numeric_limits<double>::infinity());
        std::uint8_t* const mark = chosen.data() + (i - 1) * width;
        for (std::size_t c = 0; c < all.size(); ++c) {
            const auto size = static_cast<std::size_t>(all[c].group.size),
                       units = static_cast<std::size_t>(all[c].units);
            if (size > i || units >= width)
                continue;
            const double* const before = best.data() + (i - size) % ring * width;
            const double error = errors.of(all[c].group, i - size);
            for (std::size_t b = units; b < width; ++b) {
                const double sum = before[b - units] + error;
                const bool isLess = sum < now[b];
                now[b] = isLess ? sum : now[b];
                mark[b] = isLess ? static_cast<std::uint8_t>(c) : mark[b];
            }
        }
    }
    KvtcPlan backwards;
    for (std::size_t i = count, b = width - 1; i > 0;) {
        const Choice& choice = all[chosen[(i - 1) * width + b]];
        backwards.push_back(choice.group);
        i -= static_cast<std::size_t>(choice.group.size);
        b -= static_cast<std::size_t>(choice.units);
    }
    KvtcPlan plan;
    for (auto group = backwards.rbegin(); group != backwards.rend(); ++group)
        addGroup(plan, *group);
    return plan;
}

Bytes writePlan(const KvtcPlan& plan)
{
    Bytes bytes;
    const auto put = [&](KvtcType type, std::uint8_t size, std::int64_t repeats) {
        bytes.push_back(static_cast<std::byte>(static_cast<unsigned>(type) << 4 | size));
        appendLe(bytes, static_cast<std::uint16_t>(repeats));
    };
    for (std::size_t i = 0, run = 1; i < plan.size(); i += run) {
        for (run = 1; i + run < plan.size() && plan[i + run] == plan[i] && run < std::size_t(longestRun);)
            ++run;
        if (hasRange(plan[i].type))
            put(plan[i].type, sizeCode(plan[i].size), static_cast<std::int64_t>(run));
        else
            for (std::int64_t left = plan[i].size * static_cast<std::int64_t>(run); left > 0; left -= longestRun)
                put(plan[i].type, 0, std::min(left, longestRun));
    }
    return bytes;
}

KvtcPlan readPlan(ByteSpan bytes, std::int64_t mostComponents)
{
    if (bytes.size() % runBytes != 0)
        throw inputError("a plan of groups of " + std::to_string(bytes.size()) + " bytes is cut");
    KvtcPlan plan;
    std::int64_t count = 0;
    for (std::size_t at = 0; at < bytes.size(); at += runBytes) {
        const auto code = std::to_integer<unsigned>(bytes[at]), type = code >> 4, size = code & 15;
        const auto repeats = loadLe<std::uint16_t>(bytes.data() + at + 1);
        if (type > static_cast<unsigned>(KvtcType::Fp8) || size >= kvtcSizes.size())
            throw inputError("a plan of groups names a kind that there is none of");
        count += kvtcSizes[size] * repeats;
        if (count > mostComponents)
            throw inputError("a plan of groups has more components than the basis, " + std::to_string(mostComponents));
        for (int i = 0; i < repeats; ++i)
            addGroup(plan, { static_cast<KvtcType>(type), kvtcSizes[size] });
    }
    return plan;
}

} // namespace pikv
