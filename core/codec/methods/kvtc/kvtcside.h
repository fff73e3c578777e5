// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/codec/container/encodedcache.h"
#include "core/codec/methods/kvtc/kvtcbasis.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <string>

namespace pikv {

/// What the dynamic program may spend on a token of one side.
struct KvtcBudget {
    double allowed = 0; ///< bits
    double meanBits = 0; ///< of a mean that is stored with the cache
    std::int64_t componentBits = 0; ///< of a component of a basis that is

    /// The 16-bit size of `width` channels over `compression`. `tokens` that a stored basis is for; 0: it is shared.
    KvtcBudget(std::int64_t width, double compression, std::int64_t tokens);
    double forComponents() const { return allowed - meanBits; }
    /// What coding one component takes.
    double least() const { return meanBits + static_cast<double>(leastBits(componentBits)); }
    bool suffices() const { return allowed >= least(); }
    /// How many components can be coded at most.
    std::int64_t mostComponents() const;
};

/// One side (keys or values) of all layers, its basis and budget known: rows f32 [n, width] to the sections
/// "<name>.plan" (unit f32, writePlan()) and "<name>.codes", and where the basis is `stored`, that of the coded
/// components. The same whatever the number of threads.
struct KvtcSide {
    std::string name;
    bool deflates = true;

    void encode(const at::Tensor& rows, const KvtcBasis& basis, const KvtcBudget& budget, bool isStored,
        SectionSet& out, const JobControl& job) const;
    /// Throws Error{Input} where the sections are not those of `tokens` rows and the basis.
    at::Tensor decode(
        const SectionSet& sections, const KvtcBasis& basis, std::int64_t tokens, const JobControl& job) const;
};

} // namespace pikv
