// SPDX-License-Identifier: GPL-3.0-or-later
// Where a sweep's results are kept, so that it can go on.
#pragma once
#include "core/cache/cachehandle.h"
#include "core/eval/evaluator.h"
#include "core/study/settings.h"
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace pikv {

/// What a sweep's results belong to, beside the dump.
struct SweepIdentity {
    StudySettings settings; ///< but its importance, where a sweep has several
    std::vector<ImportanceSpec> importances;
    std::string model = "none"; ///< its path
    std::string shard {}; ///< "2/4"; "" for the whole
    std::int64_t predict = 0;
    bool klShares = false;
};

/// The folder of a sweep: results.csv, results.json, pareto.csv and sweep.json, which tells what the results belong to.
/// A folder is continued by a sweep of the same dump, seed, importance and device, whatever its methods; another is
/// refused.
class SweepFolder {
public:
    /// Makes the folder or reads what is in it. `sharedCaches`: caches that share a calibration in the amortised ratio
    /// of every result, of those too that were measured with another number. `restart`: its results are forgotten.
    /// Throws Error{Usage} when they belong to something else, Error{Resource} when it cannot be made or written,
    /// Error{Input} when its files are damaged.
    SweepFolder(
        std::string path, CachePtr cache, const SweepIdentity& identity, std::int64_t sharedCaches, bool restart);

    const std::vector<EvaluationResult>& results() const { return m_results; }
    bool has(const MethodSpec& method, const ImportanceSpec& importance) const;
    /// Keeps a result; the files are rewritten, each whole or not at all, unless that was done a moment ago: writing
    /// takes at most a twentieth of the time, however many results there are.
    void add(const EvaluationResult& result);
    /// Rewrites the files where add() has not.
    void flush();
    std::string file(const char* name) const { return m_path + "/" + name; }

private:
    void read(const std::string& identity);
    void take(EvaluationResult result);
    std::string resultsJson();

    std::string m_path;
    std::int64_t m_sharedCaches;
    CachePtr m_cache;
    std::vector<EvaluationResult> m_results;
    std::set<std::string> m_points; ///< method and importance of m_results
    /// By method, params and importance: a result as results.json has it.
    std::map<std::string, std::string> m_json;
    bool m_dirty = true;
    std::chrono::steady_clock::time_point m_nextFlush {};
};

/// pareto.csv of these results: the fronts of size against each measured error.
std::string paretoCsv(const std::vector<EvaluationResult>& results);

} // namespace pikv
