// SPDX-License-Identifier: GPL-3.0-or-later
// A sweep over several machines: each measures a share of the points, and the folders are joined afterwards.
#pragma once
#include "core/study/sweep.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

/// Share `number` of `count`, from 1.
struct Shard {
    std::int64_t number = 1, count = 1;
    bool isPart() const { return count > 1; }
    bool operator==(const Shard&) const = default;
};
/// "2/4". Throws Error{Usage} naming the limits: 1 to 10,000 shards.
Shard parseShard(std::string_view text);
std::string printShard(const Shard& shard);

/// Method with all its parameters, and importance: a point, in every folder and on every machine.
std::string pointName(const SweepPoint& point);
/// The shard that measures a point follows from the point alone, so that a grid may grow.
SweepPoints pointsOf(const SweepPoints& grid, const Shard& shard);

/// What a shard's folder tells of the sweep that it is a share of: shard.json.
struct ShardFacts {
    Shard shard;
    std::string fingerprint; ///< cacheFingerprint() of the dump
    std::string engine; ///< engineId()
    std::vector<std::string> grid; ///< pointName() of every point of the sweep, in its order
    std::vector<std::string> leftOut; ///< those of this shard that could not be measured
};
/// Throws Error{Resource} where it cannot be written.
void writeShardFacts(const std::string& folder, const ShardFacts& facts);
/// Throws Error{Input} where there are none, or damaged ones.
ShardFacts readShardFacts(const std::string& folder);

struct MergedSweep {
    std::size_t points = 0, results = 0;
};
/// Joins the folders of all shards of one sweep into `target`, with the files and the bytes, times aside, that the
/// unsharded sweep would have written. Throws Error{Usage} that names the folder and what is the matter with it:
/// another dump, engine, grid or setting, a shard twice, one that is missing or not finished, a target that is in use;
/// Error{Input}, Error{Resource} for files that cannot be read or written.
MergedSweep mergeShards(const std::vector<std::string>& folders, const std::string& target);

} // namespace pikv
