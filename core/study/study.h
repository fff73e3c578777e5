// SPDX-License-Identifier: GPL-3.0-or-later
// What window and command line call: a cache, the settings of its measurements, and everything that is measured with
// them. Torch-free.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/cachehandle.h"
#include "core/codec/methodspec.h"
#include "core/eval/evaluator.h"
#include "core/eval/nexttoken.h"
#include "core/eval/proxypredictor.h"
#include "core/eval/tokenimportance.h"
#include "core/study/settings.h"
#include <memory>
#include <string>
#include <vector>

namespace pikv {

/// How much of a method is measured.
struct EvaluationScope {
    /// Layers to run, ascending; empty: all. A subset gives a preview: sizes are scaled up from it.
    std::vector<int> layers;
    bool perLayer = true; ///< keep the figures of every layer and head
    /// Next-token test whose figures join the result (Study::openNextToken()); null: none. Previews go without.
    NextTokenSession* nextToken = nullptr;
    bool klShares = false; ///< with the test's NextTokenMethod::klShares
    int repeat = 1; ///< times that encode and decode are timed
};

/// A cache and the settings that its measurements share. Each of them first refuses what the method cannot do with this
/// cache (Error{Usage}) and what does not fit into memory (Error{Resource}), before any layer is read. The importance
/// of the tokens is computed once. Safe to use from several threads; a next-token session is not.
class Study {
public:
    explicit Study(CachePtr cache, const StudySettings& settings = {});

    const CachePtr& cache() const { return m_cache; }
    const CacheInfo& info() const { return cacheInfo(*m_cache); }
    const StudySettings& settings() const { return m_settings; }

    /// Throws what evaluate() would refuse without work: Error{Usage}, Error{Resource}.
    void check(const MethodSpec& method) const;
    /// Computes the importance now, where it has not been computed: for a program that shows this as a step of its own.
    void prepareImportance(const JobControl& job = {}) const { (void)m_importance.values(job); }

    EvaluationResult evaluate(
        const MethodSpec& method, const EvaluationScope& scope = {}, const JobControl& job = {}) const;
    /// Encodes to a `.pikv` file, whole or not at all; returns its size.
    std::uint64_t compress(const MethodSpec& method, const std::string& path, const JobControl& job = {}) const;

    /// The next-token test of the cache's own last `positions` tokens (0: defaultPositions()). Throws Error{Input}
    /// where the cache has no tokens or is of another model.
    std::shared_ptr<NextTokenSession> openNextToken(const ModelPtr& model, std::int64_t positions = 0,
        bool compressContinuation = false, const JobControl& job = {}) const;
    /// The test's figures of a method, with the shares of KL where they are asked for.
    NextTokenMetrics score(
        const MethodSpec& method, NextTokenSession& test, bool klShares, const JobControl& job = {}) const;
    /// A method as a session's run() and continueGreedy() take it, with these settings.
    NextTokenMethod scoringOf(const MethodSpec& method) const;
    /// The session's control as a row beside evaluate()'s.
    EvaluationResult control(NextTokenSession& test, const JobControl& job = {}) const;
    /// The predictor that stands in for a model that is not at hand.
    ProxyResult proxy(const MethodSpec& method, const JobControl& job = {}) const;

private:
    EvaluationRequest requestOf(const MethodSpec& method) const;

    CachePtr m_cache;
    StudySettings m_settings;
    TokenImportance m_importance;
};

/// A method as NextTokenSession takes it: for texts that no dump belongs to.
NextTokenMethod scoringOf(const MethodSpec& method, const StudySettings& settings);

/// Learns what the method can learn ahead on these caches of one model and writes it to `path`, whole or not at all;
/// returns the file's size. Importance counts where there is one cache. Throws Error{Usage} where the method cannot,
/// Error{Resource} where the layers do not fit into memory.
std::uint64_t calibrate(const MethodSpec& method, const std::vector<CachePtr>& caches, const StudySettings& settings,
    const std::string& path, const JobControl& job = {});

} // namespace pikv
