// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/tokenimportance.h"

namespace pikv {

std::shared_ptr<const std::vector<float>> TokenImportance::values(const JobControl& job) const
{
    const std::lock_guard lock(m_mutex);
    if (!m_values)
        m_values = std::make_shared<const std::vector<float>>(computeImportance(*m_cache, m_spec, job));
    return m_values;
}

} // namespace pikv
