// SPDX-License-Identifier: GPL-3.0-or-later
// The seed project's SimpleNextTokenPredictor on any dump, for when its model is not at hand. Torch-free.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/cachehandle.h"
#include "core/cache/cacheinfo.h"
#include "core/cache/importance.h"
#include "core/codec/methodspec.h"
#include "core/eval/evaluator.h"
#include "core/eval/metrics.h"
#include "core/eval/nexttoken.h"
#include <string>

namespace pikv {

struct ProxyRequest {
    CachePtr cache;
    MethodSpec method;
    ImportanceSpec importance;
    DeviceChoice device = DeviceChoice::Auto;
    std::uint64_t seed = 0; ///< of the method and of the read-out
    std::int64_t vocabulary = 1000; ///< of the random read-out, 2 to 65536
    std::int64_t positions = 64; ///< last positions whose keys stand in for queries where the dump has none
    /// Fit the read-out to the dump's token ids on every other position and score the rest. Needs token ids and a dump
    /// of one sequence; keys stand in for queries, since queries of the last positions only would be too few.
    bool fit = false;
    /// NaN or infinity in the dump: refuse (Error{Input}), or take zeros for them.
    bool acceptNonFinite = false;
};

struct ProxyResult {
    /// agreement and kl against the predictor's own uncompressed output; loss, perplexity and accuracy with a fit only.
    NextTokenSummary summary;
    NextTokenSummary baseline; ///< of the uncompressed cache
    bool fitted = false;
    std::string queries; ///< "dump" or "keys"
    std::int64_t vocabulary = 0; ///< with a fit: distinct tokens of the dump
    /// "proxy: random read-out, 1000 classes, the dump's queries": to stand beside every figure.
    std::string label;
};

/// Why the proxy cannot be had of such a cache, as a clause; "" where it can.
std::string proxyObstacle(const CacheInfo& info);

/// Attention outputs of every layer, normalised, through a read-out of their own; the layers' logits are averaged.
/// Throws Error{Usage}: proxyObstacle(), bounds, a fit without token ids or with fewer than 8 positions.
ProxyResult runProxy(const ProxyRequest& request, const JobControl& job = {});

} // namespace pikv
