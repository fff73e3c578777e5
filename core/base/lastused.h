// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <algorithm>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

namespace pikv {

/// The values made last for at most `most` keys, for what takes long to make and is asked for again and again. Safe to
/// use from several threads: a value is made once, by the first who asks; those it was handed to keep it alive.
template <typename Key, typename Value>
class LastUsed {
public:
    explicit LastUsed(std::size_t most)
        : m_most(most)
    {
    }
    /// The value of `key`, which make() returns where it is not kept.
    template <typename Make>
    std::shared_ptr<const Value> get(const Key& key, Make make)
    {
        const std::lock_guard lock(m_mutex);
        const auto at = std::find_if(m_kept.begin(), m_kept.end(), [&](const auto& kept) { return kept.first == key; });
        if (at != m_kept.end()) {
            m_kept.splice(m_kept.begin(), m_kept, at);
        } else {
            m_kept.emplace_front(key, std::make_shared<const Value>(make()));
            if (m_kept.size() > m_most)
                m_kept.pop_back();
        }
        return m_kept.front().second;
    }

private:
    std::size_t m_most;
    std::mutex m_mutex;
    std::list<std::pair<Key, std::shared_ptr<const Value>>> m_kept; ///< last used first
};

} // namespace pikv
