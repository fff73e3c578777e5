// SPDX-License-Identifier: GPL-3.0-or-later
// One measurement of one method on a cache: torch-free request and result. Programs ask a Study (core/study/study.h),
// which checks and remembers what measurements share.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/cachehandle.h"
#include "core/cache/importance.h"
#include "core/codec/methodspec.h"
#include "core/eval/device.h"
#include "core/eval/metrics.h"
#include "core/eval/tokenimportance.h"
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pikv {

struct EvaluationRequest {
    CachePtr cache;
    MethodSpec method;
    ImportanceSpec importance;
    DeviceChoice device = DeviceChoice::Auto;
    std::uint64_t seed = 0;
    /// Layers to run, ascending; empty: all. A subset gives a preview: sizes are scaled up from it. Methods that need
    /// all layers get them.
    std::vector<int> layers;
    bool perLayer = true; ///< keep LayerQuality
    int repeat = 1; ///< times that encode and decode are run and timed; of a preview once
    /// NaN or infinity in the dump: refuse (Error{Input}), or leave those elements out of the metrics.
    bool acceptNonFinite = false;
};

struct LayerQuality {
    int layer = 0;
    std::uint64_t storedBytes = 0;
    QualityMetrics quality;
    std::vector<QualityMetrics> heads; ///< one a KV head
};

struct EvaluationResult {
    MethodSpec method;
    /// No method, but 16 bits against 16 bits: NextTokenSession::control(). Only next-token figures are there.
    bool control = false;
    ImportanceSpec importance;
    std::string device; ///< "cpu", "cuda:0"
    std::uint64_t seed = 0;
    bool preview = false; ///< from a subset of layers
    int layersDone = 0;
    std::int64_t tokens = 0; ///< of the cache that the sizes are of; 0: not known, or not the same of all its texts
    std::uint64_t originalBytes = 0; ///< 16-bit reference size
    std::uint64_t storedBytes = 0; ///< size of the .pikv file
    std::uint64_t sharedBytes = 0; ///< of a calibration learned elsewhere
    /// Caches that share it in the amortised ratio: not measured, but set by whoever shows or writes the result.
    std::int64_t sharedCaches = 1;
    std::vector<std::pair<std::string, std::uint64_t>> breakdown; ///< bytes by section, header last
    ByteLedger ledger; ///< the same by what they are for
    int timings = 1; ///< runs that were timed
    double compressSeconds = 0, decompressSeconds = 0; ///< medians of them
    /// The fastest and the slowest of several runs; NaN of a single one.
    double compressFastest = kNoValue, compressSlowest = kNoValue;
    double decompressFastest = kNoValue, decompressSlowest = kNoValue;
    /// When and on which machine these times were measured, where that was not in this run; "" where it was.
    std::string measured;
    std::string attentionQueries; ///< "dump" or "keys" (stand-in queries)
    QualityMetrics quality;
    NextTokenMetrics nextToken;
    std::vector<LayerQuality> layers;
    std::int64_t nonFinite = 0; ///< elements left out
    /// Elements beyond f16's reach, ±65504, that the method clamped, and the magnitude of the largest; see ErrorSums.
    std::int64_t clamped = 0;
    double largestClamped = 0;
    std::vector<std::string> warnings;

    double compressionRatio() const { return originalBytes ? double(storedBytes) / double(originalBytes) : kNoValue; }
    /// With the calibration's bytes spread over `caches` caches.
    double amortisedRatio(std::int64_t caches) const
    {
        return originalBytes && caches > 0
            ? (double(storedBytes) + double(sharedBytes) / double(caches)) / double(originalBytes)
            : kNoValue;
    }
    double compressionFactor() const { return storedBytes ? double(originalBytes) / double(storedBytes) : kNoValue; }
    /// Share of the cache that is kept as it was, at 16 bits. NaN where nobody has counted it.
    double keptShare() const;
    /// Stored / original bytes as the method's authors count them.
    double publishedRatio() const;
    double memoryReduction() const { return 1.0 - compressionRatio(); }
    double bitsPerElement() const { return 16.0 * compressionRatio(); }
};

/// What a row of the result is called: "kivi:key_bits=4", or controlName.
inline constexpr const char* controlName = "control";
std::string rowName(const EvaluationResult& result);

/// Encodes, decodes from the bytes alone and measures. Pure and deterministic under the seed, timings aside.
/// Streams layer by layer where the method allows. Throws Error.
EvaluationResult evaluate(const EvaluationRequest& request, const JobControl& job = {});
/// The same with importance that others use, too: of the request's cache and source.
EvaluationResult evaluate(
    const EvaluationRequest& request, const TokenImportance& importance, const JobControl& job = {});

/// Encodes to a `.pikv` file; returns its size. Throws Error.
std::uint64_t compressFile(const EvaluationRequest& request, const TokenImportance& importance, const std::string& path,
    const JobControl& job = {});

} // namespace pikv
