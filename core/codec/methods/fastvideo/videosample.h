// SPDX-License-Identifier: GPL-3.0-or-later
// Sample tokens of one head: what transforms, prediction and the search for a step look at instead of all tokens.
#pragma once
#include "core/codec/methods/fastvideo/keyframes.h"
#include "core/codec/methods/fastvideo/videomodel.h"
#include "core/codec/parts/headrows.h"
#include <vector>

namespace pikv {

/// Consecutive tokens of one batch item.
struct Stretch {
    std::int64_t batch = 0, first = 0, count = 0;
};
/// All sequences whole where they have at most `limit` tokens together, else short stretches spread evenly over them.
std::vector<Stretch> sampleOf(std::int64_t batch, std::int64_t seq, std::int64_t limit);

/// Stretches of a head's tokens as channels of its transform, and which of them are keyframes.
class VideoSample {
public:
    VideoSample() = default;
    /// At most `limit` tokens of `rows`.
    VideoSample(const HeadRows& rows, const HeadTransform& forward, std::int64_t limit);

    const std::vector<Stretch>& stretches() const { return m_stretches; }
    /// Channels of all stretches; each has the row before it first, or zeros at the head of a sequence.
    const float* values() const { return m_values.data(); }
    std::size_t tokens() const { return m_energies.size(); }
    /// [tokens()]: 1 for keyframes; after plan().
    const std::vector<std::uint8_t>& isKey() const { return m_isKey; }

    struct Cuts {
        std::size_t cuts = 0, unforced = 0; ///< keyframes among the tokens whose interval was not over, and those
    };
    /// Chooses the keyframes.
    Cuts plan(const KeyframeRule& rule);
    /// By channel, in multiples of 1/127: how much of the token before predicts a token best. `predictedOnly`: for
    /// tokens that are no keyframes; else for all but the first of a sequence.
    std::vector<float> gains(bool predictedOnly) const;

    struct Variances {
        std::vector<double> key, predicted; ///< by channel, of what is quantised of keyframes and of other tokens
    };
    Variances variances(const std::vector<float>& gains) const;

private:
    std::size_t m_width = 0;
    std::vector<Stretch> m_stretches;
    std::vector<float> m_values;
    std::vector<double> m_energies; ///< of the rows as stored
    std::vector<std::uint8_t> m_isKey;
};

} // namespace pikv
