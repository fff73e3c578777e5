// SPDX-License-Identifier: GPL-3.0-or-later
// Byte-pair merging of one piece of text: a heap of candidate pairs by rank, and a linked list of symbols.
#pragma once
#include <cstdint>
#include <optional>
#include <queue>
#include <tuple>
#include <vector>

namespace pikv {

/// The symbols of one piece while byte-pair merging joins them: always the adjacent pair of the lowest rank, the
/// leftmost first. O(n log n).
class BytePairs {
public:
    struct Merge {
        int rank, result;
    };
    static std::uint64_t key(int left, int right)
    {
        return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
    }

    void append(int id)
    {
        const int at = static_cast<int>(m_symbols.size());
        if (at > 0)
            m_symbols.back().next = at;
        m_symbols.push_back({ id, at - 1, -1 });
    }

    /// `find(key(left, right))` gives an std::optional<Merge>.
    template <typename Find>
    void merge(const Find& find)
    {
        std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
        const auto offer = [&](int left) {
            if (left < 0 || m_symbols[index(left)].next < 0)
                return;
            const std::uint64_t pair = pairAt(left);
            if (const auto merge = find(pair))
                queue.emplace(merge->rank, left, merge->result, pair);
        };
        for (int i = 0; i < static_cast<int>(m_symbols.size()); ++i)
            offer(i);
        while (!queue.empty()) {
            const auto [rank, left, result, pair] = queue.top();
            queue.pop();
            Symbol& symbol = m_symbols[index(left)];
            if (symbol.id < 0 || symbol.next < 0 || pairAt(left) != pair)
                continue; // one of the two was merged in the meantime
            Symbol& gone = m_symbols[index(symbol.next)];
            symbol.id = result;
            symbol.next = gone.next;
            gone.id = -1;
            if (symbol.next >= 0)
                m_symbols[index(symbol.next)].previous = left;
            offer(symbol.previous);
            offer(left);
        }
    }

    void appendTo(std::vector<std::int64_t>& ids) const
    {
        for (const Symbol& symbol : m_symbols)
            if (symbol.id >= 0)
                ids.push_back(symbol.id);
    }

private:
    struct Symbol {
        int id, previous, next;
    };
    using Candidate = std::tuple<int, int, int, std::uint64_t>; ///< rank, left, result, pair
    static std::size_t index(int i) { return static_cast<std::size_t>(i); }
    std::uint64_t pairAt(int left) const
    {
        const Symbol& symbol = m_symbols[index(left)];
        return key(symbol.id, m_symbols[index(symbol.next)].id);
    }
    std::vector<Symbol> m_symbols;
};

} // namespace pikv
