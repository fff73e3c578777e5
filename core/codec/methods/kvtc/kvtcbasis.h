// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/codec/container/encodedcache.h"
#include "core/codec/methods/kvtc/kvtcplan.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <string>
#include <vector>

namespace pikv {

/// The principal components of one side (keys or values) of all layers and heads together, x ~ mean + unit *
/// coefficients * components, and what coding their coefficients loses.
struct KvtcBasis {
    at::Tensor mean; ///< f32 [width], of f16 values
    at::Tensor components; ///< f32 [count, width], of f16 values: orthonormal but for that, by falling variance
    float unit = 1; ///< a power of two that keeps coefficients within E4M3's reach
    KvtcErrors errors; ///< of coefficients; none in a basis that is stored with its cache

    std::int64_t width() const { return mean.numel(); }
    std::int64_t count() const { return components.size(0); }

    /// Of rows f32 [n, width], n > 0, which are centred in place on the way: at most `most` components, fewer where the
    /// rows have no more. Throws LinalgError. Polls `job`.
    static KvtcBasis learn(const at::Tensor& rows, std::int64_t most, std::uint64_t seed, const JobControl& job);
    /// The components `used`, ascending.
    KvtcBasis part(const std::vector<std::int64_t>& used) const;

    /// f32 [n, count()] of rows f32 [n, width]. Both are the same whatever the number of threads, and poll `job`.
    at::Tensor project(const at::Tensor& rows, const JobControl& job) const;
    at::Tensor rebuild(const at::Tensor& coefficients, const JobControl& job) const;

    /// Sections "<side>.mean" and "<side>.components"; with the errors and the unit "<side>.errors".
    void write(const std::string& side, SectionSet& out) const;
    void writeErrors(const std::string& side, SectionSet& out) const;
    /// Throws Error{Input} where a section is missing, has another size or holds what is none.
    static KvtcBasis read(const SectionSet& sections, const std::string& side, std::int64_t width);
    void readErrors(const SectionSet& sections, const std::string& side);
};

} // namespace pikv
