// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/cachehandle.h"
#include "core/cache/cacheinfo.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

/// Where token importance `[batch, seq]` in [0, 1] comes from.
struct ImportanceSpec {
    enum class Source { None, Stored, Attention, KeyNorm, Recency, Uniform, Random };
    Source source = Source::None;
    double level = 0.5; ///< for Uniform
    std::uint64_t seed = 0; ///< for Random
    bool operator==(const ImportanceSpec&) const = default;
};

struct ImportanceSourceInfo {
    ImportanceSpec::Source source;
    std::string_view id, label, sentence;
};
/// All sources in the order they are offered.
const std::vector<ImportanceSourceInfo>& importanceSources();
/// "none", "attention", "uniform:0.8", "random:7"; throws Error{Usage} naming the choices.
ImportanceSpec parseImportance(std::string_view text);
std::string printImportance(const ImportanceSpec& spec);

/// Why the dump cannot have importance from this source, as a clause; "" where it can.
std::string importanceObstacle(const CacheInfo& info, ImportanceSpec::Source source);

/// The importance of every token, [batch][seq] flattened row-major, or empty for None. Throws Error{Usage} where the
/// dump lacks what the source needs (stored importance, queries).
std::vector<float> computeImportance(const KvCache& cache, const ImportanceSpec& spec, const JobControl& job);

} // namespace pikv
