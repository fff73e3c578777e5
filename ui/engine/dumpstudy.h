// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include "ui/models/resultsmodel.h"
#include <QCache>
#include <QString>
#include <functional>
#include <memory>
#include <vector>

namespace pikv::ui {

/// The open dump, how it is measured, and what was measured of it lately. Used in the window's thread; what measure()
/// returns runs in the jobs' thread.
class DumpStudy {
public:
    /// Null where no dump is open.
    const CachePtr& cache() const { return m_cache; }
    /// Forgets the results of the dump before it; NaN and infinity are refused again.
    void setCache(const CachePtr& cache);
    const ImportanceSpec& importance() const { return m_importance; }
    void setImportance(const ImportanceSpec& importance);
    /// NaN and infinity: refused, or left out of every figure.
    bool acceptsNonFinite() const { return m_acceptNonFinite; }
    void setAcceptNonFinite(bool accept) { m_acceptNonFinite = accept; }
    /// Caches that a calibration serves, for the amortised ratio.
    int sharedCaches() const { return m_sharedCaches; }
    void setSharedCaches(int caches) { m_sharedCaches = caches; }

    EvaluationRequest requestFor(const MethodSpec& method) const;
    /// Evaluates the method on these layers; on all where `layers` is empty. Throws Error.
    std::function<ResultPtr(const JobControl&)> measure(const MethodSpec& method, std::vector<int> layers = {}) const;
    /// Layers spread over the depth that give a rough figure; empty where the whole is as quick.
    std::vector<int> previewLayers() const;

    /// What remember() was given for the method at the present settings; null where it was not, or long ago.
    ResultPtr known(const MethodSpec& method) const;
    void remember(const ResultPtr& result);

private:
    /// Importance that is computed once for a dump and its source, in the jobs' thread; gone with both.
    struct ImportanceOnce {
        std::shared_ptr<const std::vector<float>> values;
    };
    QString keyOf(const MethodSpec& method) const;

    CachePtr m_cache;
    ImportanceSpec m_importance;
    bool m_acceptNonFinite = false;
    int m_sharedCaches = 1;
    std::shared_ptr<ImportanceOnce> m_once = std::make_shared<ImportanceOnce>();
    QCache<QString, ResultPtr> m_recent { 512 };
};

} // namespace pikv::ui
