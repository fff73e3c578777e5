// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cachehandle.h"
#include "core/codec/methodspec.h"
#include <cstdint>
#include <vector>

namespace pikv {

/// Estimates of the memory that a job takes beside what the process has, in bytes. Both count the largest layer as
/// often as it is held at once (dump's dtype, f32 copies, decoded copy).
/// evaluate(): a layerwise method adds one encoded layer; others the whole encoded and decoded cache.
std::uint64_t evaluationMemory(const MethodSpec& method, const CacheInfo& info);
/// A round trip of the whole cache, as the next-token test makes it: encoded and decoded cache at once.
std::uint64_t wholeMemory(const CacheInfo& info);
/// compressFile(): the whole encoded cache, at its worst as large as the 16-bit original.
std::uint64_t compressionMemory(const CacheInfo& info);
/// calibrateFile(): the same layer of every cache at once.
std::uint64_t calibrationMemory(const MethodSpec& method, const std::vector<CachePtr>& caches);

} // namespace pikv
