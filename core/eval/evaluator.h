// SPDX-License-Identifier: GPL-3.0-or-later
// The engine's façade: torch-free requests and results. Window and command line call the same functions.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/cachehandle.h"
#include "core/cache/importance.h"
#include "core/codec/methodspec.h"
#include "core/eval/metrics.h"
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pikv {

/// "auto" takes CUDA where LibTorch has it.
enum class DeviceChoice { Auto, Cpu, Cuda };

class NextTokenSession;

struct EvaluationRequest {
    CachePtr cache;
    MethodSpec method;
    ImportanceSpec importance;
    /// Importance that was computed before for this cache and spec; null: computed here.
    std::shared_ptr<const std::vector<float>> importanceValues;
    DeviceChoice device = DeviceChoice::Auto;
    std::uint64_t seed = 0;
    /// Layers to run, ascending; empty: all. A subset gives a preview: sizes are scaled up from it.
    std::vector<int> layers;
    bool perLayer = true; ///< keep LayerQuality
    std::int64_t sharedCaches = 1; ///< caches that a calibration serves, for the amortised ratio
    /// Next-token test to run beside (splitDump()); null: none. Previews leave it out.
    std::shared_ptr<NextTokenSession> nextToken;
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
    ImportanceSpec importance;
    std::string device; ///< "cpu", "cuda:0"
    std::uint64_t seed = 0;
    bool preview = false; ///< from a subset of layers
    int layersDone = 0;
    std::uint64_t originalBytes = 0; ///< 16-bit reference size
    std::uint64_t storedBytes = 0; ///< size of the .pikv file
    std::uint64_t sharedBytes = 0; ///< of a calibration learned elsewhere
    std::int64_t sharedCaches = 1; ///< caches that it serves
    std::vector<std::pair<std::string, std::uint64_t>> breakdown; ///< bytes by section, header last
    double compressSeconds = 0, decompressSeconds = 0;
    std::string attentionQueries; ///< "dump" or "keys" (stand-in queries)
    QualityMetrics quality;
    NextTokenMetrics nextToken;
    std::vector<LayerQuality> layers;
    std::int64_t nonFinite = 0; ///< elements left out
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
    double memoryReduction() const { return 1.0 - compressionRatio(); }
    double bitsPerElement() const { return 16.0 * compressionRatio(); }
};

/// Encodes, decodes from the bytes alone and measures. Pure and deterministic under the seed, timings aside.
/// Streams layer by layer where the method allows. Throws Error.
EvaluationResult evaluate(const EvaluationRequest& request, const JobControl& job = {});

/// Encodes to a `.pikv` file; returns its size. Throws Error.
std::uint64_t compressFile(const EvaluationRequest& request, const std::string& path, const JobControl& job = {});

/// Sets LibTorch's thread counts; once, before any other call. 0: all cores.
void initEngine(int threads);
/// Gives memory that finished jobs left behind back to the system; the engine keeps it for the next layer otherwise.
void releaseMemory();
int engineThreads();
/// "cpu" or "cuda:0 (NVIDIA …)" for the choice; throws Error{Usage} when CUDA is asked for and not there.
std::string deviceName(DeviceChoice choice);
DeviceChoice parseDevice(std::string_view text);
/// "LibTorch 1.13.1, OpenBLAS kernel Haswell, 2 threads, CUDA: no" for the About box and --version; the kernel is left
/// out where LibTorch has another BLAS.
std::string engineDescription();

} // namespace pikv
