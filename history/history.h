// SPDX-License-Identifier: GPL-3.0-or-later
// Every finished measurement, in a database that window and command line share.
#pragma once
#include "core/study/resultstore.h"
#include "history/location.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace pikv::history {

class Database;

/// The store behind a Recorder. Opens its file when it is first used, in the thread that uses it; another thread may
/// destroy it when that one has ended. Where something is wrong with the file the program works on without it, and
/// `tell` hears of it once.
class History final : public ResultStore {
public:
    using Tell = std::function<void(const std::string& sentence)>;
    explicit History(std::string path, Tell tell = {}, std::uint64_t limit = defaultLimit);
    ~History() override;
    const std::string& path() const { return m_path; }
    /// Who hears of problems from now on; called in the thread that uses the store.
    void setTell(Tell tell) { m_tell = std::move(tell); }

    std::optional<EvaluationResult> find(const MeasurementKey& key, Origin origin) override;
    void add(const MeasurementKey& key, const DumpFacts& dump, const EvaluationResult& result, Origin origin) override;
    std::vector<Found> all(const MeasurementKey& withoutMethod) override;
    std::optional<NextTokenMetrics> findScore(const MeasurementKey& key, const std::string& test) override;
    void addScore(const MeasurementKey& key, const std::string& test, const DumpFacts& dump,
        const NextTokenMetrics& score) override;
    std::map<std::string, NextTokenMetrics> allScores(
        const MeasurementKey& withoutMethod, const std::string& test) override;
    std::string knownHash(const std::string& state, const std::string& kind) override;
    void rememberHash(const std::string& state, const std::string& kind, const std::string& hash) override;

private:
    template <typename Work>
    void guarded(Work work);
    long long dumpId(const std::string& fingerprint, const DumpFacts& dump) const;
    void keepWithinLimit();

    std::string m_path;
    Tell m_tell;
    std::uint64_t m_limit;
    std::unique_ptr<Database> m_database;
    bool m_reads = true, m_told = false;
    int m_added = 0;
};

} // namespace pikv::history
