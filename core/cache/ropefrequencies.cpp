// SPDX-License-Identifier: GPL-3.0-or-later
// RoPE's frequencies (Su et al. 2021, arXiv:2104.09864) and their scaling rules, read from the rule's JSON.
#include "core/cache/ropefrequencies.h"
#include "core/base/error.h"
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

namespace pikv {
namespace {

using Json = nlohmann::json;

bool isNone(const std::string& scaling) { return scaling.empty() || scaling == "none"; }

Json ruleOf(const std::string& scaling)
{
    const Json rule = Json::parse(scaling, nullptr, false);
    return rule.is_object() ? rule : Json::object();
}

std::string nameOf(const Json& rule)
{
    for (const char* key : { "rope_type", "type" })
        if (const auto at = rule.find(key); at != rule.end() && at->is_string())
            return at->get<std::string>();
    return "unnamed";
}

double numberOf(const Json& rule, const char* key, double otherwise)
{
    const auto at = rule.find(key);
    return at != rule.end() && at->is_number() ? at->get<double>() : otherwise;
}

double llama3(double frequency, const Json& rule)
{
    const double factor = numberOf(rule, "factor", 8), low = numberOf(rule, "low_freq_factor", 1),
                 high = numberOf(rule, "high_freq_factor", 4),
                 context = numberOf(rule, "original_max_position_embeddings", 8192);
    const double wavelength = 2 * std::numbers::pi / frequency;
    if (wavelength < context / high)
        return frequency;
    if (wavelength > context / low)
        return frequency / factor;
    const double smooth = (context / wavelength - low) / (high - low);
    return frequency * ((1 - smooth) / factor + smooth);
}

std::vector<double> factorsOf(const Json& rule)
{
    std::vector<double> factors;
    const auto at = rule.find("factors");
    if (at != rule.end() && at->is_array())
        for (const Json& value : *at)
            factors.push_back(value.is_number() ? value.get<double>() : 0);
    return factors;
}

/// Rules of several layer types are kept as they were written, where they could not be told apart.
bool isUsable(const Json& rule)
{
    const std::string name = nameOf(rule);
    const auto positive = [&](const char* key, double otherwise) {
        const double value = numberOf(rule, key, otherwise);
        return value > 0 && std::isfinite(value);
    };
    if (name == "linear")
        return positive("factor", 1);
    if (name == "llama3")
        return positive("factor", 8) && positive("low_freq_factor", 1)
            && numberOf(rule, "high_freq_factor", 4) > numberOf(rule, "low_freq_factor", 1)
            && positive("original_max_position_embeddings", 8192);
    if (name != "factors")
        return false;
    const std::vector<double> factors = factorsOf(rule);
    for (const double factor : factors)
        if (!(factor > 0 && std::isfinite(factor)))
            return false;
    return !factors.empty();
}

} // namespace

std::string ropeScalingName(const std::string& scaling) { return isNone(scaling) ? "none" : nameOf(ruleOf(scaling)); }

bool isRopeScalingSupported(const std::string& scaling) { return isNone(scaling) || isUsable(ruleOf(scaling)); }

std::string ropeFactors(const std::vector<double>& factors)
{
    return Json { { "rope_type", "factors" }, { "factors", factors } }.dump();
}

std::vector<double> ropeFrequencies(const RopeInfo& rope, std::int64_t headDim)
{
    if (!rope.theta)
        throw usageError("the dump does not say how its keys are rotated (rope_theta, rope_layout)");
    const std::int64_t channels = rope.dim > 0 ? rope.dim : headDim;
    if (channels % 2 || channels > headDim)
        throw usageError("rope_dim is " + std::to_string(channels)
            + "; it must be even and at most head_dim = " + std::to_string(headDim));
    const Json rule = isNone(rope.scaling) ? Json::object() : ruleOf(rope.scaling);
    if (!isRopeScalingSupported(rope.scaling))
        throw usageError("keys with the RoPE scaling '" + nameOf(rule) + "' cannot be un-rotated");
    const std::string name = isNone(rope.scaling) ? "none" : nameOf(rule);
    const std::vector<double> factors = name == "factors" ? factorsOf(rule) : std::vector<double>();
    const auto pairs = static_cast<std::size_t>(channels / 2);
    if (name == "factors" && factors.size() != pairs)
        throw usageError("the RoPE scaling has " + std::to_string(factors.size()) + " factors for "
            + std::to_string(pairs) + " pairs of channels");
    std::vector<double> frequencies(pairs);
    for (std::size_t i = 0; i < pairs; ++i) {
        double& frequency = frequencies[i];
        frequency = std::pow(*rope.theta, -2.0 * static_cast<double>(i) / static_cast<double>(channels));
        if (name == "linear")
            frequency /= numberOf(rule, "factor", 1);
        else if (name == "llama3")
            frequency = llama3(frequency, rule);
        else if (name == "factors")
            frequency /= factors[i];
    }
    return frequencies;
}

bool turnAlike(const RopeInfo& a, const RopeInfo& b, std::int64_t headDim)
{
    constexpr double tolerance = 1e-5; // between programs that compute in f32 and in f64
    using Layout = RopeInfo::Layout;
    if (a.layout != b.layout && a.layout != Layout::Unknown && b.layout != Layout::Unknown)
        return false;
    const std::vector<double> x = ropeFrequencies(a, headDim), y = ropeFrequencies(b, headDim);
    return std::equal(
        x.begin(), x.end(), y.begin(), y.end(), [](double p, double q) { return std::abs(p / q - 1) < tolerance; });
}

} // namespace pikv
