// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/cachehandle.h"
#include "core/cache/importance.h"
#include <memory>
#include <mutex>
#include <vector>

namespace pikv {

/// The importance of a cache's tokens from one source: computed when it is first asked for and kept from then on, since
/// some sources read every layer. Safe to use from several threads.
class TokenImportance {
public:
    TokenImportance(CachePtr cache, const ImportanceSpec& spec)
        : m_cache(std::move(cache))
        , m_spec(spec)
    {
    }

    const ImportanceSpec& spec() const { return m_spec; }
    /// [batch][seq] flattened row-major in [0, 1]; empty for None. Throws what computeImportance() throws, and is
    /// computed by the next call then.
    std::shared_ptr<const std::vector<float>> values(const JobControl& job) const;

private:
    CachePtr m_cache;
    ImportanceSpec m_spec;
    mutable std::mutex m_mutex;
    mutable std::shared_ptr<const std::vector<float>> m_values;
};

} // namespace pikv
