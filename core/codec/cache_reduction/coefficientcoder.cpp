// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/cache_reduction/coefficientcoder.h"
#include "core/base/error.h"
#include "core/codec/cache_reduction/bitallocation.h"
#include "core/kernels/bitpack.h"
#include "core/kernels/energy.h"
#include "core/kernels/uniformquant.h"
#include <algorithm>
#include <array>
#include <c10/util/Half.h>
#include <cmath>
#include <vector>

namespace pikv {
namespace {

constexpr std::int64_t maxSampled = 1024; ///< values that the choice of the step looks at

c10::Half bestStep(const float* values, std::int64_t count, int bits)
{
    const std::int64_t stride = (count + maxSampled - 1) / maxSampled;
    std::array<float, maxSampled> sample;
    std::size_t sampled = 0;
    for (std::int64_t i = 0; i < count; i += stride)
        sample[sampled++] = values[i];
    const double energy = sumOfSquares(sample.data(), sampled);
    const double deviation = std::sqrt(energy / double(sampled));
    c10::Half best(0.0f);
    double least = energy; // of step 0, which rebuilds zeros
    for (double widening : { 1.0, 1.3, 1.7, 2.3, 3.2 }) {
        const double wanted = std::clamp(gaussianStep(bits) * deviation * widening, 6e-8, 65504.0);
        const c10::Half step(static_cast<float>(wanted));
        const double error = uniformError(sample.data(), sampled, static_cast<float>(step), bits);
        if (error < least) {
            least = error;
            best = step;
        }
    }
    return best;
}

void need(ByteSpan bytes, std::size_t at, std::size_t size)
{
    if (at > bytes.size() || size > bytes.size() - at)
        throw inputError("the section with the coefficients ends too early");
}

} // namespace

std::int64_t coefficientSideBits(int bits) { return bits == halfBits ? 0 : 16; }

void encodeCoefficients(const float* values, std::int64_t count, int bits, Bytes& out)
{
    if (bits == halfBits) {
        for (std::int64_t i = 0; i < count; ++i)
            appendLe(out, c10::Half(std::clamp(values[i], -65504.0f, 65504.0f)).x);
        return;
    }
    const c10::Half stored = bestStep(values, count, bits);
    appendLe(out, stored.x);
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(count));
    quantiseUniform(values, codes.size(), static_cast<float>(stored), bits, codes.data());
    const std::size_t at = out.size();
    out.resize(at + packedBytes(codes.size(), bits));
    packBits(codes, bits, std::span(out).subspan(at));
}

std::size_t coefficientBytes(int bits, std::int64_t count)
{
    return bits == halfBits ? static_cast<std::size_t>(count) * 2 : 2 + packedBytes(static_cast<std::size_t>(count), bits);
}

void decodeCoefficients(ByteSpan bytes, std::size_t& at, int bits, float* values, std::int64_t count)
{
    if (bits == halfBits) {
        need(bytes, at, static_cast<std::size_t>(count) * 2);
        for (std::int64_t i = 0; i < count; ++i, at += 2)
            values[i] = static_cast<float>(c10::Half(loadLe<std::uint16_t>(bytes.data() + at), c10::Half::from_bits()));
        return;
    }
    const std::size_t packed = packedBytes(static_cast<std::size_t>(count), bits);
    need(bytes, at, 2 + packed);
    const float step = static_cast<float>(c10::Half(loadLe<std::uint16_t>(bytes.data() + at), c10::Half::from_bits()));
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(count));
    unpackBits(bytes.subspan(at + 2, packed), bits, codes);
    dequantiseUniform(codes.data(), codes.size(), step, bits, values);
    at += 2 + packed;
}

} // namespace pikv
