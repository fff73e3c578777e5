// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/codec/methods/fastvideo/keyframes.h"
#include "core/codec/methods/fastvideo/videomodel.h"
#include "core/codec/parts/headrows.h"
#include <memory>
#include <span>
#include <vector>

namespace pikv {

/// Consecutive tokens of one batch item.
struct Stretch {
    std::int64_t batch = 0, first = 0, count = 0;
};
/// All sequences whole where they have at most `limit` tokens together, else short stretches spread evenly over them.
std::vector<Stretch> sampleOf(std::int64_t batch, std::int64_t seq, std::int64_t limit);

/// One head of keys or values on its way to bytes: learns transform and prediction from a sample, tells what a step
/// would cost, and codes all tokens with the step that was chosen.
class VideoHead {
public:
    /// `classes` [batch * seq] or empty; `weights` f32 CPU [batch * seq] or undefined; `calibrated` null: learns a
    /// basis of its own. They outlive this.
    VideoHead(HeadRows rows, const KeyframeRule& rule, const std::vector<std::uint8_t>& classes,
        const at::Tensor& weights, const HeadBasis* calibrated);

    /// Fits the KLT in several precisions where `klt` and no calibration has it, and measures their variances and those
    /// of raw channels on a sample.
    void fitBasis(bool klt, const JobControl& job);
    /// Mean square of a row of the sample, by the stored values.
    double meanEnergy() const { return m_energy; }
    /// Transforms to choose from: raw channels, and the KLT in several precisions.
    std::size_t transforms() const { return m_transforms.size(); }
    bool isKlt(std::size_t transform) const { return !m_transforms[transform].basis.isIdentity(); }
    /// Bits of all tokens at a step, for Gaussian channels (rate distortion theory) and with the transform's own bytes:
    /// to choose a transform and to begin a search from.
    double expectedBits(float step, std::size_t transform) const;

    /// Fits gains and keyframes to a sample.
    void fitPrediction(std::size_t transform);
    /// Bits of all tokens and the model at this step, from the sample.
    double measure(float step);
    /// Codes all tokens; appends model and codes.
    void encode(float step, Bytes& side, Bytes& codes, const JobControl& job);
    /// Whether measure() looked at all tokens, so that encode() takes just as many bits.
    bool measuresAll() const { return m_rows.batch() * m_rows.seq() <= sampleRows; }

private:
    static constexpr std::int64_t basisRows = 4096, sampleRows = 1024;
    std::int64_t dim() const { return m_rows.dim(); }
    std::int64_t tokens() const { return m_rows.batch() * m_rows.seq(); }
    /// The smallest step that keeps all levels within 16 bits.
    float usableStep(float step) const;
    std::vector<float> fittedGains(bool predictedOnly) const;
    void addTransform(HeadBasis basis, const std::vector<Stretch>& stretches, const float* rows);
    void loadSample();
    void planSample();
    void measureVariances(const std::vector<float>& gains);
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
    const at::Tensor& m_weights;
    const HeadBasis* m_calibrated;
    VideoModel m_model;
    std::unique_ptr<HeadTransform> m_forward;
    struct Candidate {
        HeadBasis basis;
        std::vector<double> variances, predictedVariances; ///< by channel: of tokens, of what prediction leaves over
    };
    std::vector<Candidate> m_transforms;
    double m_energy = 0;
    float m_largest = 0; ///< magnitude of a channel in the sample

    std::vector<Stretch> m_sample;
    std::vector<float> m_values; ///< channels of the sample; every stretch has the row before it first, or zeros
    std::vector<double> m_energies; ///< of the sample's rows as stored
    std::vector<std::uint8_t> m_isKey;
    std::vector<double> m_keyVariance, m_predictedVariance; ///< of what is quantised, by channel

    std::vector<double> m_sizes, m_squares; ///< sums as LevelSums
    std::vector<std::int64_t> m_counts; ///< tokens by context
    std::size_t m_expectedBytes = 0; ///< of the codes, by the last measure()
};

} // namespace pikv
