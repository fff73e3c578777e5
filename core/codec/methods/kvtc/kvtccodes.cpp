// SPDX-License-Identifier: GPL-3.0-or-later
// A plan's groups, one after the other: quantised token by token, and packed.
#include "core/codec/methods/kvtc/kvtccodes.h"
#include "core/base/float8.h"
#include "core/kernels/bitpack.h"
#include "core/kernels/groupquant.h"
#include <algorithm>
#include <cstring>
#include <limits>

namespace pikv {
namespace {

constexpr std::int64_t polled = 256; ///< tokens between two questions whether to stop

std::int64_t codedComponents(const KvtcPlan& plan)
{
    std::int64_t count = 0;
    for (const KvtcGroup& group : plan)
        count += group.type == KvtcType::None ? 0 : group.size;
    return count;
}

double squaredDistance(const float* a, const float* b, std::size_t count)
{
    float sum = 0;
    for (std::size_t i = 0; i < count; ++i)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

/// One group of all tokens: where its numbers lie, among those of `stride` components.
struct GroupRows {
    KvtcGroup group;
    std::int64_t tokens, stride;

    std::size_t size() const { return static_cast<std::size_t>(group.size); }
    int bits() const { return codeBits(group.type); }
    template <typename Function>
    void forEachToken(const JobControl& job, Function f) const
    {
        for (std::int64_t t = 0; t < tokens; ++t) {
            if (t % polled == 0)
                job.checkpoint();
            f(static_cast<std::size_t>(t));
        }
    }

    void encode(const float* first, Bytes& out, const JobControl& job) const
    {
        const auto count = static_cast<std::size_t>(tokens);
        std::vector<std::uint8_t> codes(count * size());
        std::vector<std::uint16_t> ranges(hasRange(group.type) ? 2 * count : 0); // scales, then minima
        forEachToken(job, [&](std::size_t t) {
            const float* values = first + static_cast<std::int64_t>(t) * stride;
            std::uint8_t* to = codes.data() + t * size();
            if (hasRange(group.type))
                quantiseGroup(values, size(), bits(), ranges[t], ranges[count + t], to);
            else
                std::transform(values, values + size(), to, toE4M3);
        });
        const ByteSpan head = asBytes(ranges.data(), 2 * ranges.size());
        out.insert(out.end(), head.begin(), head.end());
        const std::size_t at = out.size();
        out.resize(at + packedBytes(codes.size(), bits()));
        packBits(codes, bits(), std::span(out).subspan(at));
    }

    void decode(ByteSpan bytes, float* first, const JobControl& job) const
    {
        const auto count = static_cast<std::size_t>(tokens);
        std::vector<std::uint8_t> codes(count * size());
        std::vector<std::uint16_t> ranges(hasRange(group.type) ? 2 * count : 0);
        if (!ranges.empty()) // memcpy takes no null pointer
            std::memcpy(ranges.data(), bytes.data(), 2 * ranges.size());
        unpackBits(bytes.subspan(2 * ranges.size()), bits(), codes);
        forEachToken(job, [&](std::size_t t) {
            float* values = first + static_cast<std::int64_t>(t) * stride;
            const std::uint8_t* from = codes.data() + t * size();
            if (hasRange(group.type))
                dequantiseGroup(from, size(), ranges[t], ranges[count + t], values);
            else
                std::transform(from, from + size(), values, fromE4M3);
        });
    }
};

/// Adds what group `type` of `size` components loses of a token, wherever it begins.
void addIntegerErrors(const float* row, std::size_t components, int bits, std::size_t size, std::vector<double>& sums)
{
    std::array<std::uint8_t, kvtcSizes.back()> codes;
    std::array<float, kvtcSizes.back()> back;
    for (std::size_t i = 0; i + size <= components; ++i) {
        std::uint16_t scale = 0, minimum = 0;
        quantiseGroup(row + i, size, bits, scale, minimum, codes.data());
        dequantiseGroup(codes.data(), size, scale, minimum, back.data());
        sums[i] += squaredDistance(row + i, back.data(), size);
    }
}

std::vector<float> means(const std::vector<double>& sums, std::int64_t tokens)
{
    std::vector<float> out;
    for (const double sum : sums)
        out.push_back(static_cast<float>(sum / static_cast<double>(tokens)));
    return out;
}

} // namespace

std::size_t planBytes(const KvtcPlan& plan, std::int64_t tokens)
{
    std::size_t bytes = 0;
    for (const KvtcGroup& group : plan)
        bytes += groupBytes(group, tokens);
    return bytes;
}

Bytes encodeGroups(const KvtcPlan& plan, const float* coefficients, std::int64_t tokens, const JobControl& job)
{
    Bytes out;
    out.reserve(planBytes(plan, tokens));
    const std::int64_t stride = codedComponents(plan);
    for (const KvtcGroup& group : plan) {
        if (group.type == KvtcType::None)
            continue;
        GroupRows { group, tokens, stride }.encode(coefficients, out, job);
        coefficients += group.size;
    }
    return out;
}

void decodeGroups(const KvtcPlan& plan, ByteSpan bytes, std::int64_t tokens, float* coefficients, const JobControl& job)
{
    const std::int64_t stride = codedComponents(plan);
    for (const KvtcGroup& group : plan) {
        if (group.type == KvtcType::None)
            continue;
        const std::size_t own = groupBytes(group, tokens);
        GroupRows { group, tokens, stride }.decode(bytes.first(own), coefficients, job);
        bytes = bytes.subspan(own);
        coefficients += group.size;
    }
}

KvtcErrors simulateErrors(
    const float* coefficients, std::int64_t tokens, std::int64_t components, const JobControl& job)
{
    const auto count = static_cast<std::size_t>(components);
    std::vector<double> dropped(count), fp8(count);
    std::array<std::array<std::vector<double>, kvtcSizes.size()>, 2> integers;
    for (auto& sizes : integers)
        for (std::size_t s = 0; s < kvtcSizes.size(); ++s)
            sizes[s].assign(count, 0);
    for (std::int64_t t = 0; t < tokens; ++t) {
        const float* row = coefficients + t * components;
        for (std::size_t i = 0; i < count; ++i) {
            const double lost = row[i] - fromE4M3(toE4M3(row[i]));
            dropped[i] += double(row[i]) * double(row[i]);
            fp8[i] += lost * lost;
        }
        for (std::size_t type = 0; type < integers.size(); ++type)
            for (std::size_t s = 0; s < kvtcSizes.size(); ++s) {
                job.checkpoint();
                addIntegerErrors(row, count, codeBits(type == 0 ? KvtcType::Int2 : KvtcType::Int4),
                    static_cast<std::size_t>(kvtcSizes[s]), integers[type][s]);
            }
    }
    KvtcErrors errors { means(dropped, tokens), means(fp8, tokens), {} };
    for (std::size_t type = 0; type < integers.size(); ++type)
        for (std::size_t s = 0; s < kvtcSizes.size(); ++s) {
            errors.integers[type][s] = means(integers[type][s], tokens);
            const auto size = static_cast<std::size_t>(kvtcSizes[s]);
            std::fill(
                errors.integers[type][s].begin() + static_cast<std::ptrdiff_t>(count >= size ? count - size + 1 : 0),
                errors.integers[type][s].end(), std::numeric_limits<float>::infinity());
        }
    return errors;
}

} // namespace pikv
