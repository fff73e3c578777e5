// SPDX-License-Identifier: GPL-3.0-or-later
// Bits among components: greedy moves of the best gain a bit along the convex hull of each component's rate and
// distortion (Shoham & Gersho 1988).
#include "core/codec/parts/bitallocation.h"
#include <algorithm>
#include <array>
#include <queue>

namespace pikv {
namespace {

constexpr std::array<double, 9> distortions { 1, 0.3634, 0.1188, 0.03744, 0.01154, 0.003490, 0.001041, 0.0003035,
    0.00008714 };
constexpr std::array<double, 9> steps { 0, 1.596, 0.9957, 0.5860, 0.3352, 0.1881, 0.1041, 0.0569, 0.0308 };

/// The next width worth considering from `bits`, and what it costs.
struct Move {
    std::size_t unit = 0;
    int from = 0, to = 0;
    double gainPerBit = 0;
    bool operator<(const Move& other) const
    {
        // The smaller unit index wins a tie, so that the result does not depend on the heap.
        return gainPerBit != other.gainPerBit ? gainPerBit < other.gainPerBit : unit > other.unit;
    }
};

class Allocator {
public:
    Allocator(const std::vector<BitUnit>& units, const std::vector<std::int64_t>& groupBits, std::int64_t budget)
        : m_units(units)
        , m_groupBits(groupBits)
        , m_open(groupBits.size(), false)
        , m_bits(units.size(), 0)
        , m_left(budget)
    {
    }

    std::vector<int> run()
    {
        for (std::size_t i = 0; i < m_units.size(); ++i)
            push(i);
        while (!m_queue.empty()) {
            const Move move = m_queue.top();
            m_queue.pop();
            if (move.from != m_bits[move.unit])
                continue;
            const Move now = bestMove(move.unit); // its group may have opened since
            if (now.gainPerBit > move.gainPerBit) {
                m_queue.push(now);
                continue;
            }
            const std::int64_t cost = costOf(move.unit, move.from, move.to);
            if (cost > m_left)
                continue;
            m_left -= cost;
            m_bits[move.unit] = move.to;
            if (m_units[move.unit].group >= 0)
                m_open[static_cast<std::size_t>(m_units[move.unit].group)] = true;
            push(move.unit);
        }
        return m_bits;
    }

private:
    static std::int64_t sizeOf(const BitUnit& unit, int bits)
    {
        if (bits == 0)
            return 0;
        const std::int64_t codes = unit.count * bits;
        return (unit.wholeBytes ? (codes + 7) / 8 * 8 : codes) + (bits == halfBits ? 0 : unit.sideBits);
    }

    std::int64_t costOf(std::size_t i, int from, int to) const
    {
        const BitUnit& unit = m_units[i];
        std::int64_t cost = sizeOf(unit, to) - sizeOf(unit, from);
        if (from == 0 && unit.group >= 0 && !m_open[static_cast<std::size_t>(unit.group)])
            cost += m_groupBits[static_cast<std::size_t>(unit.group)];
        return cost;
    }

    double gainPerBit(std::size_t i, int from, int to) const
    {
        const BitUnit& unit = m_units[i];
        const double gain
            = unit.weight * unit.variance * double(unit.count) * (gaussianDistortion(from) - gaussianDistortion(to));
        return gain / double(costOf(i, from, to));
    }

    /// From nothing a jump of several bits can pay where one bit does not carry the side information.
    Move bestMove(std::size_t i) const
    {
        const int from = m_bits[i];
        if (from == halfBits)
            return {};
        if (from == maxUniformBits)
            return { i, from, halfBits, gainPerBit(i, from, halfBits) };
        Move best { i, from, from + 1, gainPerBit(i, from, from + 1) };
        for (int to = 2; from == 0 && to <= 4; ++to)
            if (const double gain = gainPerBit(i, 0, to); gain > best.gainPerBit)
                best = { i, 0, to, gain };
        return best;
    }

    void push(std::size_t i)
    {
        const Move move = bestMove(i);
        if (move.gainPerBit > 0)
            m_queue.push(move);
    }

    const std::vector<BitUnit>& m_units;
    const std::vector<std::int64_t>& m_groupBits;
    std::vector<bool> m_open;
    std::vector<int> m_bits;
    std::int64_t m_left;
    std::priority_queue<Move> m_queue;
};

} // namespace

double gaussianDistortion(int bits) { return bits >= halfBits ? 1e-7 : distortions.at(static_cast<std::size_t>(bits)); }
double gaussianStep(int bits) { return steps.at(static_cast<std::size_t>(bits)); }

std::vector<int> allocateBits(
    const std::vector<BitUnit>& units, const std::vector<std::int64_t>& groupBits, std::int64_t budget)
{
    return Allocator(units, groupBits, budget).run();
}

} // namespace pikv
