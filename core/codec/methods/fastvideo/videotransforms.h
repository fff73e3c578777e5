// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/codec/methods/fastvideo/keyframes.h"
#include "core/codec/parts/headbasis.h"
#include "core/codec/parts/headrows.h"
#include <vector>

namespace pikv {

struct Stretch;

/// The transforms that a head may be coded with - raw channels, and the KLT in several precisions - and what they
/// promise, by a sample.
class VideoTransforms {
public:
    /// `calibrated` null: learns a basis of its own. It outlives this.
    VideoTransforms(const HeadRows& rows, const KeyframeRule& rule, const HeadBasis* calibrated)
        : m_rows(rows)
        , m_rule(rule)
        , m_calibrated(calibrated)
    {
    }
    /// Fits the KLT in several precisions where `klt` and no calibration has it, and measures their variances and those
    /// of raw channels. `weights` f32 CPU [batch * seq] or undefined.
    void fit(const at::Tensor& weights, bool klt, const JobControl& job);

    std::size_t size() const { return m_candidates.size(); }
    const HeadBasis& basis(std::size_t transform) const { return m_candidates[transform].basis; }
    bool isCalibrated() const { return m_calibrated != nullptr; }
    /// Mean square of a row of the sample, by the stored values.
    double meanEnergy() const { return m_energy; }
    /// Largest magnitude of a channel in the sample, in any transform.
    float largest() const { return m_largest; }
    /// Bits of all tokens at a step, for Gaussian channels (rate distortion theory) and with the transform's own bytes:
    /// to choose a transform and to begin a search from.
    double expectedBits(float step, std::size_t transform) const;

private:
    static constexpr std::int64_t sampleRows = 4096;
    std::int64_t tokens() const { return m_rows.batch() * m_rows.seq(); }
    void add(HeadBasis basis, const std::vector<Stretch>& stretches, const float* rows);

    HeadRows m_rows;
    KeyframeRule m_rule;
    const HeadBasis* m_calibrated;
    struct Candidate {
        HeadBasis basis;
        std::vector<double> variances, predictedVariances; ///< by channel: of tokens, of what prediction leaves over
    };
    std::vector<Candidate> m_candidates;
    double m_energy = 0;
    float m_largest = 0;
};

} // namespace pikv
