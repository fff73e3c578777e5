// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>

namespace pikv {

/// Local causal attention over codes, one head, for tokens t of one sequence:
///   w_tj = softmax_j(bias_j + sum_i metric_i c_ti c_(t-j)i), j = 1 … window
///   delta_t = self * c_t + gate * sum_j w_tj c_(t-j)   (element by element)
/// With gate = self = 0 it changes nothing. CPU only, one thread.
class CodeAttention {
public:
    CodeAttention(std::int64_t rank, std::int64_t window)
        : m_rank(rank)
        , m_window(window)
    {
    }
    std::int64_t window() const { return m_window; }
    /// gate, self, metric [rank] each, then bias [window]; none where the window is 0.
    std::int64_t paramCount() const { return m_window > 0 ? 3 * m_rank + m_window : 0; }

    /// Where forward() leaves what backward() needs, for n tokens.
    struct Trace {
        float* weights = nullptr; ///< [n, window]; beyond a token's reach undefined
        float* mix = nullptr; ///< [n, rank], sum_j w_tj c_(t-j)
    };
    /// delta [n, rank] of n tokens whose codes [n, rank] begin at `codes`; reach[t] codes directly before token t
    /// belong to its sequence (at most `window`). `trace` may be null.
    void forward(const float* codes, const std::uint8_t* reach, std::int64_t n, const float* params, float* delta,
        const Trace* trace) const;
    /// Adds to `gradient` [paramCount()] that of a loss whose gradient by delta is `byDelta` [n, rank].
    void backward(const float* codes, const std::uint8_t* reach, std::int64_t n, const float* params,
        const Trace& trace, const float* byDelta, float* gradient) const;

private:
    std::int64_t m_rank, m_window;
};

} // namespace pikv
