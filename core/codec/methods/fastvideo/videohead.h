// SPDX-License-Identifier: GPL-3.0-or-later
// One head on its way to bytes.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/codec/methods/fastvideo/keyframes.h"
#include "core/codec/methods/fastvideo/videomodel.h"
#include "core/codec/methods/fastvideo/videosample.h"
#include "core/codec/methods/fastvideo/videotransforms.h"
#include "core/codec/parts/headrows.h"
#include <memory>
#include <span>
#include <vector>

namespace pikv {

/// One head of keys or values on its way to bytes: learns transform and prediction from a sample, tells what a step
/// would cost, and codes all tokens with the step that was chosen.
class VideoHead {
public:
    /// `classes` [batch * seq] or empty; `calibrated` null: learns a basis of its own. They outlive this.
    VideoHead(
        HeadRows rows, const KeyframeRule& rule, const std::vector<std::uint8_t>& classes, const HeadBasis* calibrated);

    /// What it may be coded with; fit() comes first.
    VideoTransforms& transforms() { return m_transforms; }

    /// Fits gains and keyframes to a sample.
    void fitPrediction(std::size_t transform);
    /// Bits of all tokens and the model at this step, from the sample.
    double measure(float step);
    /// Codes all tokens; appends model and codes.
    void encode(float step, Bytes& side, Bytes& codes, const JobControl& job);
    /// Whether measure() looked at all tokens, so that encode() takes just as many bits.
    bool measuresAll() const { return m_rows.batch() * m_rows.seq() <= sampleRows; }

private:
    static constexpr std::int64_t sampleRows = 1024;
    std::int64_t tokens() const { return m_rows.batch() * m_rows.seq(); }
    /// The smallest step that keeps all levels within 16 bits.
    float usableStep(float step) const;
    ResidualQuantiser quantiserFor(float step);
    /// Quantises rows [first, …) of a batch item, one for each of `isKey`, and adds to the sums.
    void quantise(const ResidualQuantiser& quantiser, std::int64_t batch, std::int64_t first,
        std::span<const std::uint8_t> isKey, const float* values, float* state, std::int16_t* levels);
    void clearSums();
    void fitModels();
    /// Levels of all tokens; plans keyframes on the way.
    void quantiseAll(const ResidualQuantiser& quantiser, std::vector<std::uint8_t>& isKey,
        std::vector<std::int16_t>& levels, const JobControl& job);

    HeadRows m_rows;
    KeyframeRule m_rule;
    const std::vector<std::uint8_t>& m_classes;
    VideoTransforms m_transforms;
    VideoModel m_model;
    std::unique_ptr<HeadTransform> m_forward;
    VideoSample m_sample;
    VideoSample::Variances m_variances;

    std::vector<double> m_sizes, m_squares; ///< sums as LevelSums
    std::vector<std::int64_t> m_counts; ///< tokens by context
    std::size_t m_expectedBytes = 0; ///< of the codes, by the last measure()
};

} // namespace pikv
