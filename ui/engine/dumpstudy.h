// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/study/study.h"
#include "ui/models/resultsmodel.h"
#include <QCache>
#include <QString>
#include <functional>
#include <memory>
#include <vector>

namespace pikv::ui {

using StudyPtr = std::shared_ptr<const Study>;

/// The study of the open dump, made anew for other settings, and what was measured of the dump lately. Used in the
/// window's thread; what measure() returns runs in the jobs' thread.
class DumpStudy {
public:
    /// Null where no dump is open.
    const StudyPtr& study() const { return m_study; }
    CachePtr cache() const { return m_study ? m_study->cache() : nullptr; }
    /// Forgets the results of the dump before it; NaN and infinity are refused again.
    void setCache(const CachePtr& cache);
    /// Of the next dump, where none is open.
    const StudySettings& settings() const { return m_settings; }
    void setSettings(const StudySettings& settings);

    /// Evaluates the method on these layers; on all where `layers` is empty. Throws Error.
    std::function<ResultPtr(const JobControl&)> measure(const MethodSpec& method, std::vector<int> layers = {}) const;
    /// Layers spread over the depth that give a rough figure; empty where the whole is as quick.
    std::vector<int> previewLayers() const;

    /// What remember() was given for the method at the present settings; null where it was not, or long ago.
    ResultPtr known(const MethodSpec& method) const;
    void remember(const ResultPtr& result);

private:
    QString keyOf(const MethodSpec& method) const;

    StudySettings m_settings;
    StudyPtr m_study;
    QCache<QString, ResultPtr> m_recent { 512 };
};

} // namespace pikv::ui
