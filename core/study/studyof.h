// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/study/study.h"
#include <optional>

namespace pikv {

/// Studies of one cache that differ in where importance comes from: the last one is kept, for points in its order.
class StudyOfImportance {
public:
    StudyOfImportance(CachePtr cache, const StudySettings& settings)
        : m_cache(std::move(cache))
        , m_settings(settings)
    {
    }

    /// Valid until the next call.
    const Study& of(const ImportanceSpec& importance)
    {
        if (!m_study || m_settings.importance != importance) {
            m_settings.importance = importance;
            m_study.emplace(m_cache, m_settings);
        }
        return *m_study;
    }

private:
    CachePtr m_cache;
    StudySettings m_settings;
    std::optional<Study> m_study;
};

} // namespace pikv
