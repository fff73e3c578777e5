// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/study/resultstore.h"
#include "core/study/study.h"
#include <memory>

namespace pikv {

/// Looks measurements of one dump up before they are made, and keeps them when they are. Without a store, or where the
/// dump's fingerprint is not known, everything is measured and nothing kept.
class Recorder {
public:
    Recorder() = default;
    /// `dump`: cacheFingerprint() of the studies' cache.
    Recorder(std::shared_ptr<ResultStore> store, std::string dump, Origin origin = Origin::Wanted);

    bool works() const { return m_store && !m_dump.empty(); }
    MeasurementKey key(const StudySettings& settings, const MethodSpec& method) const;
    /// As Study::evaluate(). A result that was there says when it was measured (EvaluationResult::measured); one that
    /// was timed less often than is asked for is measured again. Previews, of some layers, are neither looked up nor
    /// kept.
    EvaluationResult evaluate(
        const Study& study, const MethodSpec& method, const EvaluationScope& scope, const JobControl& job = {}) const;
    /// Adds the figures of a next-token test to a result of the study, from the store where it has them.
    void score(const Study& study, EvaluationResult& result, NextTokenSession& test, const JobControl& job = {}) const;
    /// Keeps a result that was measured without a recorder, with all its layers.
    void keep(const Study& study, const EvaluationResult& result) const;
    /// The same of a next-token test's figures.
    void keepScore(const Study& study, const MethodSpec& method, const NextTokenSession& test,
        const NextTokenMetrics& score, const JobControl& job = {}) const;
    /// What this test gave for points of the study, by methodText().
    std::map<std::string, NextTokenMetrics> scores(
        const Study& study, const NextTokenSession& test, const JobControl& job = {}) const;
    /// Results of these settings, without layers.
    std::vector<ResultStore::Found> all(const StudySettings& settings) const;
    const std::string& dump() const { return m_dump; }

private:
    std::string textOf(const NextTokenSession& test, const JobControl& job) const;
    NextTokenMetrics score(const Study& study, const MethodSpec& method, NextTokenSession& test, bool klShares,
        const JobControl& job) const;

    std::shared_ptr<ResultStore> m_store;
    std::string m_dump;
    Origin m_origin = Origin::Wanted;
};

/// The fingerprint of a cache, from the store where its file or folder has not changed since it was computed.
std::string knownFingerprint(const KvCache& cache, ResultStore* store);
/// The same, computed and remembered where it is not known. Reads the whole cache then.
std::string fingerprintOf(const KvCache& cache, ResultStore* store, const JobControl& job = {});
/// fileHash() in the same way.
std::string hashOfFile(const std::string& path, ResultStore* store, const JobControl& job = {});

/// What a next-token test's figures depend on beside dump and method: the model's weights (`weights`: hashOfFile()) and
/// what is predicted.
std::string nextTokenText(const NextTokenSession& test, const std::string& weights);

} // namespace pikv
