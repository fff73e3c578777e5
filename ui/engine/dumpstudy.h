// SPDX-License-Identifier: GPL-3.0-or-later
// What the window has of a dump while it is open.
#pragma once
#include "core/study/recorded.h"
#include "core/study/study.h"
#include "core/study/sweep.h"
#include "ui/engine/measuredtimes.h"
#include "ui/engine/sweeptest.h"
#include "ui/models/resultsmodel.h"
#include <QCache>
#include <QHash>
#include <QSet>
#include <QString>
#include <functional>
#include <list>
#include <memory>
#include <vector>

namespace pikv::ui {

using StudyPtr = std::shared_ptr<const Study>;

/// The study of the open dump, made anew for other settings, and what was measured of the dump lately. Used in the
/// window's thread; what measure() returns runs in the jobs' thread.
class DumpStudy {
public:
    /// `store`: where results stay; null: nowhere.
    explicit DumpStudy(std::shared_ptr<ResultStore> store = nullptr)
        : m_store(std::move(store))
    {
    }
    const std::shared_ptr<ResultStore>& store() const { return m_store; }
    /// Null where no dump is open.
    const StudyPtr& study() const { return m_study; }
    CachePtr cache() const { return m_study ? m_study->cache() : nullptr; }
    /// Forgets the results of the dump before it; NaN and infinity are refused again. `fingerprint`: "" where it is not
    /// known yet.
    void setCache(const CachePtr& cache, const std::string& fingerprint);
    void setFingerprint(const std::string& fingerprint) { m_fingerprint = fingerprint; }
    const std::string& fingerprint() const { return m_fingerprint; }
    /// Looks up and keeps what is measured with these settings; does nothing where there is no store, or no
    /// fingerprint.
    Recorder recorder(Origin origin) const { return Recorder(m_store, m_fingerprint, origin); }
    /// Of the next dump, where none is open.
    const StudySettings& settings() const { return m_settings; }
    void setSettings(const StudySettings& settings);
    /// Times that encode and decode of full results are timed from now on; what was timed less often is not known.
    void setRepeat(int times) { m_repeat = times; }
    int repeat() const { return m_repeat; }

    /// Evaluates the method on these layers; on all where `layers` is empty, unless the store has the result. Throws
    /// Error.
    std::function<ResultPtr(const JobControl&)> measure(
        const MethodSpec& method, Origin origin, std::vector<int> layers = {}) const;
    /// The same of a point, whose importance may be another than the settings'; `test`, where given, adds its figures.
    std::function<ResultPtr(const JobControl&)> measure(
        const SweepPoint& point, const std::shared_ptr<SweepTest>& test);
    /// Layers spread over the depth that give a rough figure; empty where the whole is as quick.
    std::vector<int> previewLayers() const;

    /// What remember() or setStored() was given for the method at the present settings, or at another importance; null
    /// where it was not, or long ago. What is stored comes without the figures of layers.
    ResultPtr known(const MethodSpec& method) const { return known(SweepPoint { method, m_settings.importance }); }
    ResultPtr known(const SweepPoint& point) const;
    void remember(const ResultPtr& result);
    /// Of a point of a sweep: it is stored() from now on, whether there is a store or not.
    void rememberSwept(const ResultPtr& result);
    /// What the store has at some settings, as it is looked up here.
    struct Stored {
        StudySettings settings;
        QHash<QString, ResultPtr> known; ///< by keyOf()
        QList<ResultPtr> wanted; ///< those that somebody wanted for themselves
        QSet<QString> wantedKeys;
    };
    /// Any thread may do so.
    static Stored asStored(const StudySettings& settings, const std::vector<ResultStore::Found>& found);
    /// Of the open dump. What it has of other settings stays known: an undo comes back to it.
    void setStored(const Stored& stored);
    /// Whether setStored() was called for the present settings.
    bool hasStored() const { return !m_stored.empty() && m_stored.front().settings == m_settings; }
    /// Those of setStored() that somebody wanted for themselves, and rememberSwept()'s, of the present settings.
    QList<ResultPtr> stored() const;
    /// Of evaluations of the open dump.
    const std::shared_ptr<MeasuredTimes>& times() const { return m_times; }
    /// What was measured at the present settings while the fingerprint was not known, to be kept now.
    std::vector<ResultPtr> unkept() const;

private:
    static QString keyOf(const SweepPoint& point, bool acceptNonFinite);
    QString keyOf(const SweepPoint& point) const { return keyOf(point, m_settings.acceptNonFinite); }
    QString keyOf(const EvaluationResult& result) const
    {
        return keyOf(SweepPoint { result.method, result.importance });
    }
    StudyPtr studyAt(const ImportanceSpec& importance);

    std::shared_ptr<ResultStore> m_store;
    std::string m_fingerprint;
    StudySettings m_settings;
    int m_repeat = 1;
    StudyPtr m_study;
    std::vector<StudyPtr> m_others; ///< at other importances, for sweeps
    std::shared_ptr<MeasuredTimes> m_times = std::make_shared<MeasuredTimes>();
    struct Swept {
        ResultPtr result; ///< without layers
        bool acceptNonFinite = false;
    };
    QHash<QString, Swept> m_swept; ///< by keyOf()
    std::list<Stored> m_stored; ///< by settings, the ones that were in use last first
    QCache<QString, ResultPtr> m_recent { 512 };
};

} // namespace pikv::ui
