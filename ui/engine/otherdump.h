// SPDX-License-Identifier: GPL-3.0-or-later
// One of several dumps that are swept alike.
#pragma once
#include "core/cache/cachehandle.h"
#include "core/study/resultstore.h"
#include "core/study/sweep.h"
#include "ui/models/resultsmodel.h"
#include <QString>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace pikv {
class Recorder;
class Study;
}

namespace pikv::ui {

class MeasuredTimes;
class SweepTest;

/// A dump that is swept beside the open one: opened when the first of its points is measured, and anew where its file
/// has changed since. What is known of it, here or in the store, is not measured again.
class OtherDump {
public:
    /// `like`: the open dump, whose layers and heads it must have.
    OtherDump(QString path, CachePtr like, std::shared_ptr<ResultStore> store);
    ~OtherDump();

    const QString& path() const { return m_path; }
    /// Of what was measured last; null before that. Any thread may ask.
    CachePtr cache() const;
    /// The last point failed because of the dump itself: gone, unreadable, of other layers. So would every other one.
    bool isRefused() const { return m_isRefused; }

    struct Wish {
        SweepPoint point;
        StudySettings settings; ///< of the open dump; the importance is the point's
        int repeat = 1;
        std::shared_ptr<SweepTest> test; ///< of the open dump; null: no next tokens
        std::shared_ptr<MeasuredTimes> times;
    };
    /// In the jobs' thread. Throws Error that names the file.
    ResultPtr measure(const Wish& wish, const JobControl& job);

private:
    void open(const JobControl& job);
    std::shared_ptr<Study> studyAt(const StudySettings& settings);
    ResultPtr measureOpen(const Wish& wish, const JobControl& job);

    const QString m_path;
    const CachePtr m_like;
    const std::shared_ptr<ResultStore> m_store;
    std::atomic<bool> m_isRefused = false;
    mutable std::mutex m_mutex; ///< of m_cache
    CachePtr m_cache;
    std::string m_state, m_fingerprint; ///< of the file when it was opened
    std::vector<std::shared_ptr<Study>> m_studies; ///< each computes its importance once
    std::map<std::string, ResultPtr> m_known; ///< by settings and method
    std::shared_ptr<SweepTest> m_test; ///< of this dump
};

} // namespace pikv::ui
