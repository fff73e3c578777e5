// SPDX-License-Identifier: GPL-3.0-or-later
// Uniform quantisation of one component's coefficients at 0 to 8 bits, or half precision, and the error that it makes.
#include "core/codec/parts/coefficientcoder.h"
#include "core/base/error.h"
#include "core/base/half.h"
#include "core/codec/parts/bitallocation.h"
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
        const double wanted = std::clamp(gaussianStep(bits) * deviation * widening, 6e-8, double(largestHalf));
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
            appendLe(out, c10::Half(std::clamp(values[i], -largestHalf, largestHalf)).x);
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
    return bits == halfBits ? static_cast<std::size_t>(count) * 2
                            : 2 + packedBytes(static_cast<std::size_t>(count), bits);
}

void decodeCoefficients(ByteSpan bytes, std::size_t& at, int bits, float* values, std::int64_t count)
{
    need(bytes, at, coefficientBytes(bits, count));
    decodeCoefficientsFrom(bytes.subspan(at), 0, bits, values, count);
    at += coefficientBytes(bits, count);
}

void decodeCoefficientsFrom(ByteSpan run, std::int64_t first, int bits, float* values, std::int64_t count)
{
    need(run, 0, coefficientBytes(bits, first + count));
    if (bits == halfBits) {
        const std::byte* half = run.data() + 2 * first;
        for (std::int64_t i = 0; i < count; ++i, half += 2)
            values[i] = static_cast<float>(c10::Half(loadLe<std::uint16_t>(half), c10::Half::from_bits()));
        return;
    }
    const float step = static_cast<float>(c10::Half(loadLe<std::uint16_t>(run.data()), c10::Half::from_bits()));
    std::array<std::uint8_t, 1024> codes; // a multiple of 8: every part begins on a whole byte
    for (std::int64_t i = 0; i < count; i += static_cast<std::int64_t>(codes.size())) {
        const auto part = std::min(codes.size(), static_cast<std::size_t>(count - i));
        const std::size_t before = packedBytes(static_cast<std::size_t>(first + i), bits);
        unpackBits(run.subspan(2 + before, packedBytes(part, bits)), bits, std::span(codes).first(part));
        dequantiseUniform(codes.data(), part, step, bits, values + i);
    }
}

} // namespace pikv
