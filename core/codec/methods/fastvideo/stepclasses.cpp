// SPDX-License-Identifier: GPL-3.0-or-later
// Which multiple of the layer's step each token is quantised with, by its importance, and the bytes that say so.
#include "core/codec/methods/fastvideo/stepclasses.h"
#include "core/base/error.h"
#include "core/kernels/rangecoder.h"
#include <algorithm>
#include <array>
#include <cmath>

namespace pikv {
namespace {

constexpr double leastWeight = 1e-3; ///< keeps unimportant tokens from vanishing before important ones are exact

/// Shares of the classes in one byte each; a class that occurs keeps at least 1.
std::array<std::uint8_t, stepClasses> shares(const std::vector<std::uint8_t>& classes)
{
    std::array<std::size_t, stepClasses> counts {};
    for (std::uint8_t k : classes)
        ++counts[k];
    std::array<std::uint8_t, stepClasses> bytes {};
    for (std::size_t k = 0; k < counts.size(); ++k)
        bytes[k] = static_cast<std::uint8_t>(
            (counts[k] * 255 + classes.size() - 1) / std::max<std::size_t>(1, classes.size()));
    return bytes;
}

} // namespace

float stepFactor(int stepClass) { return std::ldexp(stepClass % 2 ? 1.41421356f : 1.0f, stepClass / 2); }

std::vector<std::uint8_t> classesOf(const at::Tensor& importance)
{
    const at::Tensor scores = importance.cpu().to(at::kFloat).contiguous();
    const float* score = scores.data_ptr<float>();
    const auto count = static_cast<std::size_t>(scores.numel());
    const double greatest = count ? std::max(0.0f, *std::max_element(score, score + count)) + leastWeight : 1;
    std::vector<std::uint8_t> classes(count);
    for (std::size_t i = 0; i < count; ++i) {
        const double octaves = std::log2(greatest / (std::max(0.0, double(score[i])) + leastWeight));
        classes[i] = static_cast<std::uint8_t>(std::clamp(std::nearbyint(octaves), 0.0, double(stepClasses - 1)));
    }
    return classes;
}

Bytes packClasses(const std::vector<std::uint8_t>& classes)
{
    const auto bytes = shares(classes);
    Bytes out;
    for (std::uint8_t share : bytes)
        out.push_back(std::byte(share));
    const FrequencyTable table(std::vector<double>(bytes.begin(), bytes.end()));
    const FrequencyTable* tables[] = { &table };
    const SymbolRun run { classes, tables };
    rangeEncode({ &run, 1 }, out);
    return out;
}

std::vector<std::uint8_t> unpackClasses(ByteSpan bytes, std::size_t count)
{
    if (bytes.size() < stepClasses)
        throw inputError("the section 'classes' ends too early");
    std::vector<double> weights;
    for (int k = 0; k < stepClasses; ++k)
        weights.push_back(std::to_integer<int>(bytes[static_cast<std::size_t>(k)]));
    if (std::all_of(weights.begin(), weights.end(), [](double w) { return w == 0; }))
        throw inputError("the section 'classes' names no class");
    const FrequencyTable table(weights);
    const FrequencyTable* tables[] = { &table };
    std::vector<std::uint8_t> classes(count);
    RangeDecoder decoder(bytes.subspan(stepClasses));
    decoder.decode(classes, tables);
    decoder.finish();
    return classes;
}

} // namespace pikv
