// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/methods/fastvideo/keyframes.h"
#include "core/codec/methods/fastvideo/videomodel.h"
#include <array>
#include <span>

namespace pikv {

/// Contexts of a token: its step class, and whether it is a keyframe.
inline constexpr std::size_t videoContexts = 16;
inline std::uint8_t videoContext(bool isKey, std::uint8_t stepClass)
{
    return static_cast<std::uint8_t>((isKey ? 8 : 0) + stepClass);
}

/// How the levels of one channel are coded, by context.
struct ChannelCoder {
    std::array<const ResidualTable*, videoContexts> tables;
    std::array<const FrequencyTable*, videoContexts> frequencies;
    std::array<std::uint8_t, videoContexts> lowBits;

    ChannelCoder(const VideoModel& model, std::size_t channel);
    /// Bits of `levels[i * stride]`, i < count.
    double cost(const std::int16_t* levels, std::size_t stride, std::span<const std::uint8_t> contexts) const;
};

/// The entropy-coded tokens of one head in blocks of consecutive rows; rows are batch * seq, in this order. A block is
/// two sizes (u32), the range coder's stream with keyframe flags and then channel after channel, and the plain bits.
class VideoStream {
public:
    static constexpr std::size_t blockRows = 2048;
    VideoStream(const VideoModel& model, const KeyframeRule& rule, std::int64_t seq);

    /// Rows follow those of the call before. `levels` [count, dim]; `classes` of the rows, empty: all 0.
    void encode(std::span<const std::uint8_t> isKey, std::span<const std::uint8_t> classes, const std::int16_t* levels,
        Bytes& out);
    /// `at` moves on. Throws Error{Input}.
    void decode(ByteSpan bytes, std::size_t& at, std::span<const std::uint8_t> classes, std::span<std::uint8_t> isKey,
        std::int16_t* levels);

private:
    void beginRow();
    void setContexts(std::span<const std::uint8_t> isKey, std::span<const std::uint8_t> classes);

    const VideoModel& m_model;
    std::vector<std::pair<std::size_t, ChannelCoder>> m_coders; ///< of the channels in use
    KeyframePlanner m_planner;
    FrequencyTable m_flags;
    std::int64_t m_seq, m_row = 0;
    std::vector<std::uint8_t> m_contexts; ///< of the block's rows
    std::vector<std::uint8_t> m_symbols;
    std::vector<std::int16_t> m_columns; ///< of the block, [dim, rows]; those that are not used stay 0
};

} // namespace pikv
