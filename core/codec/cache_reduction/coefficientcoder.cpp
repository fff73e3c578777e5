// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/cache_reduction/coefficientcoder.h"
#include "core/base/error.h"
#include "core/codec/cache_reduction/bitallocation.h"
#include "core/kernels/bitpack.h"
#include <algorithm>
#include <c10/util/Half.h>
#include <cmath>
#include <vector>

namespace pikv {
namespace {

constexpr std::int64_t maxSampled = 2048; ///< values that the choice of the step looks at

float quantised(float value, float step, int half)
{
    const float level = std::clamp(std::floor(value / step), float(-half), float(half - 1));
    return (level + 0.5f) * step;
}

double squaredError(const float* values, std::int64_t count, std::int64_t stride, float step, int half)
{
    double error = 0;
    for (std::int64_t i = 0; i < count; i += stride) {
        const float e = values[i] - quantised(values[i], step, half);
        error += double(e) * e;
    }
    return error;
}

c10::Half bestStep(const float* values, std::int64_t count, int bits)
{
    const std::int64_t stride = (count + maxSampled - 1) / maxSampled;
    double energy = 0;
    for (std::int64_t i = 0; i < count; ++i)
        energy += double(values[i]) * values[i];
    const double deviation = std::sqrt(energy / double(count));
    const int half = 1 << (bits - 1);
    c10::Half best(0.0f);
    double least = energy + 1;
    for (double widening : { 1.0, 1.3, 1.7, 2.3, 3.2 }) {
        const double wanted = std::clamp(gaussianStep(bits) * deviation * widening, 6e-8, 65504.0);
        const c10::Half step(static_cast<float>(wanted));
        const double error = squaredError(values, count, stride, static_cast<float>(step), half);
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
    const float step = static_cast<float>(stored), inverse = step > 0 ? 1.0f / step : 0.0f;
    const float half = float(1 << (bits - 1));
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i)
        codes[static_cast<std::size_t>(i)]
            = static_cast<std::uint8_t>(std::clamp(std::floor(values[i] * inverse), -half, half - 1) + half);
    const std::size_t at = out.size();
    out.resize(at + packedBytes(codes.size(), bits));
    packBits(codes, bits, std::span(out).subspan(at));
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
    const float half = float(1 << (bits - 1));
    for (std::int64_t i = 0; i < count; ++i)
        values[i] = (float(codes[static_cast<std::size_t>(i)]) - half + 0.5f) * step;
    at += 2 + packed;
}

} // namespace pikv
