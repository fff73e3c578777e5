// SPDX-License-Identifier: GPL-3.0-or-later
// Synthetic caches with the structure of real ones, for any shape and size.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/cachehandle.h"
#include <cstdint>
#include <string>

namespace pikv {

/// Shape and seed of a synthetic cache. What is generated (docs of each step in planegenerator.h):
/// - keys and values are AR(1) processes along the sequence, so that neighbouring tokens correlate;
/// - their energy falls along a basis of each head's own as (i + 1)^-1 (keys) and (i + 1)^-0.5 (values);
/// - keys have four outlier channels: a constant of eight times the usual size, in slowly rotating channels;
/// - the first four tokens are attention sinks: keys far along the outlier direction, values of a twentieth of the
/// size;
/// - keys are rotated by RoPE (half layout) at positions 0 … seq-1;
/// - queries, of the last tokens, lean towards the sinks and towards the keys of tokens nearby.
/// All numbers depend on the seed and on their place alone: neither thread count nor LibTorch version changes them.
struct GenerateOptions {
    std::int64_t layers = 8, batch = 1, kvHeads = 4, seq = 1024, headDim = 64;
    std::int64_t valueDim = 0; ///< 0: as headDim
    std::int64_t queries = 32; ///< query rows a layer, of the last tokens (at most seq are written); 0: none
    std::int64_t queryHeads = 0; ///< a multiple of kvHeads; 0: kvHeads
    DType dtype = DType::F16; ///< f16, bf16, f32 or f64
    double ropeTheta = 10000.0;
    std::uint64_t seed = 0;
};

/// Bytes of all tensors. Throws Error{Usage} naming the option and its bounds.
std::uint64_t generatedBytes(const GenerateOptions& options);

/// A synthetic cache in memory.
CachePtr generateCache(const GenerateOptions& options, const JobControl& job = {});

/// Writes one as a native dump, whole or not at all, in constant memory whatever its size.
void generateCacheFile(const GenerateOptions& options, const std::string& path, const JobControl& job = {});

} // namespace pikv
