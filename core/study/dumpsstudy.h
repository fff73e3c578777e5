// SPDX-License-Identifier: GPL-3.0-or-later
// Several dumps measured alike: a Study each, and what their figures come to. Torch-free.
#pragma once
#include "core/eval/statistics.h"
#include "core/study/recorded.h"
#include "core/study/sweep.h"
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pikv {

/// What was measured on one of several dumps.
struct DumpResults {
    CachePtr dump;
    std::string name; ///< shortNames()
    std::vector<EvaluationResult> results;
};

/// Points of a sweep on several dumps, one dump after the other, so that the test of one alone is in memory.
class DumpsStudy {
public:
    /// Throws Error{Usage} for fewer than two dumps, and where one is there twice or of other layers (otherLayers()).
    DumpsStudy(std::vector<CachePtr> dumps, const StudySettings& settings);

    const std::vector<CachePtr>& dumps() const { return m_dumps; }
    const std::vector<std::string>& names() const { return m_names; }
    const StudySettings& settings() const { return m_settings; }
    /// The dumps without results, in order.
    std::vector<DumpResults> noResults() const;

    /// What the measurements on one dump need beside its Study.
    struct Tools {
        std::shared_ptr<NextTokenSession> nextToken; ///< null: none
        Recorder recorder;
    };
    struct Hooks {
        std::function<Tools(std::size_t dump, const Study& study, const JobControl& job)> prepare;
        std::function<void(std::size_t dump, const EvaluationResult&)> done; ///< gets each result as it comes
        /// Of a point that failed on this dump, or does not fit it; the others go on unless it throws.
        std::function<void(std::size_t dump, const SweepPoint&, const Problem&)> failed;
    };
    /// As runSweep() on every dump, with the dump's own test in `scope`. Progress is that of runSweep() behind "NAME (2
    /// of 3): ".
    void run(
        const SweepPoints& points, const EvaluationScope& scope, const Hooks& hooks, const JobControl& job = {}) const;

private:
    std::vector<CachePtr> m_dumps;
    std::vector<std::string> m_names;
    StudySettings m_settings;
};

/// As few of the last parts of every path as tell the paths apart: "a.npz", or "en/a.npz" beside "de/a.npz".
std::vector<std::string> shortNames(const std::vector<std::string>& paths);

/// What of the layers, heads or head dims of `dump` is not as in `like`, as a clause; "" where nothing is. Tokens may
/// differ: means over dumps of one model are over texts.
std::string otherLayers(const CacheInfo& like, const CacheInfo& dump);

/// Whether means are taken for each length, a length being the tokens of a dump: where there are several, and several
/// dumps of each. Texts of any length are one sample; the same contexts of several texts are one sample a context.
bool meansByLength(const std::vector<std::int64_t>& lengths);

/// One setting over the dumps that it was measured on.
struct DumpsMean {
    /// Method, importance, device and seed; tokens: 0 where the dumps' differ. Its figures are the first dump's.
    EvaluationResult setting;
    std::size_t dumps = 0; ///< that have a result of it
    std::vector<MeanInterval> figures; ///< of each of metrics(): the mean of its values at the dumps, not of sums

    const MeanInterval& of(const MetricInfo& metric) const;
};
/// In the order in which the settings come first; `byLength`: those of another length are other ones. Intervals by
/// bootstrapMean().
std::vector<DumpsMean> meansOverDumps(const std::vector<DumpResults>& dumps, std::uint64_t seed, bool byLength);
/// By length where meansByLength() of these dumps says so.
std::vector<DumpsMean> meansOverDumps(const std::vector<DumpResults>& dumps, std::uint64_t seed);
/// Whether a table of means is to tell how long the dumps are: they are not of one length.
bool tellsLengths(const std::vector<DumpsMean>& means);

} // namespace pikv
