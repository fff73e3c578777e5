// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"

namespace pikv {

/// Refuses, before any work, what the method cannot do with this cache: Error{Usage} naming the parameter and its
/// bound.
void checkMethod(const MethodSpec& method, const KvCache& cache);

/// Estimates of the memory that a job takes beside what the process has, in bytes. Both count the largest layer as
/// often as it is held at once (dump's dtype, f32 copies, decoded copy).
/// evaluate(): a layerwise method adds one encoded layer; others the whole encoded and decoded cache.
std::uint64_t evaluationMemory(const EvaluationRequest& request);
/// compressFile(): the whole encoded cache, at its worst as large as the 16-bit original.
std::uint64_t compressionMemory(const EvaluationRequest& request);
/// calibrateFile(): the same layer of every cache at once.
std::uint64_t calibrationMemory(const std::vector<CachePtr>& caches);

} // namespace pikv
