// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace pikv::cli {

/// What a sweep's results belong to, beside the dump and the common settings.
struct SweepIdentity {
    std::string importance;
    std::string model = "none"; ///< its path
    std::int64_t predict = 0;
};

/// The folder of a sweep: results.csv, results.json, pareto.csv and sweep.json, which tells what the results belong to.
/// A folder is continued by a sweep of the same dump, seed, importance and device, whatever its methods; another is
/// refused.
class SweepFolder {
public:
    /// Makes the folder or reads what is in it. `restart`: its results are forgotten. Throws Error{Usage} when they
    /// belong to something else, Error{Resource} when it cannot be made or written, Error{Input} when its files are
    /// damaged.
    SweepFolder(std::string path, const EvaluationRequest& request, const SweepIdentity& identity, bool restart);

    const std::vector<EvaluationResult>& results() const { return m_results; }
    bool has(const MethodSpec& method, const ImportanceSpec& importance) const;
    /// Keeps a result; the files are rewritten, each whole or not at all, unless that was done a moment ago: writing
    /// takes at most a twentieth of the time, however many results there are.
    void add(const EvaluationResult& result);
    /// Rewrites the files where add() has not.
    void flush();
    std::string file(const char* name) const { return m_path + "/" + name; }

private:
    void read();
    std::string paretoCsv() const;

    std::string m_path;
    const CacheInfo& m_dump;
    nlohmann::ordered_json m_identity;
    std::vector<EvaluationResult> m_results;
    std::set<std::string> m_points; ///< method and importance of m_results
    std::map<std::string, nlohmann::ordered_json>
        m_json; ///< by method, params and importance: a result as results.json has it
    bool m_dirty = true;
    std::chrono::steady_clock::time_point m_nextFlush {};
};

} // namespace pikv::cli
