// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <vector>

namespace pikv {

/// When a token starts afresh instead of being predicted from the one before.
struct KeyframeRule {
    std::int64_t interval = 8; ///< a keyframe at least every so many tokens
    double threshold = 0.2; ///< or where |token - prediction|^2 exceeds this share of |token|^2
};

/// Applies the rule along one sequence of tokens. Decisions look at the original tokens, so that they do not depend on
/// the quantiser's step.
class KeyframePlanner {
public:
    /// `gains` by channel: prediction = gain * previous, both about the mean.
    KeyframePlanner(const KeyframeRule& rule, std::vector<float> gains)
        : m_rule(rule)
        , m_gains(std::move(gains))
    {
    }
    /// Before the first token: it is a keyframe, or token number `since` after one.
    void restart(std::int64_t since = 0) { m_since = since; }
    /// Whether the next token must be a keyframe because the interval is over (or none came yet).
    bool isForced() const { return m_since == 0 || m_since >= m_rule.interval; }
    /// Tells of the next token.
    void advance(bool isKey) { m_since = isKey ? 1 : m_since + 1; }
    /// Decides for the next token and advances. `previous` may be null where the token is forced.
    bool decide(const float* token, const float* previous, double energy);

private:
    KeyframeRule m_rule;
    std::vector<float> m_gains;
    std::int64_t m_since = 0; ///< tokens since the last keyframe, itself included
};

/// Sum of squares.
double energyOf(const float* values, std::size_t count);

} // namespace pikv
