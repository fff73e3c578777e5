// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/parts/headbasis.h"
#include "core/kernels/residualmodel.h"
#include "core/kernels/residualquant.h"

namespace pikv {

/// All that decode knows of one head beside its levels: transform, prediction, quantiser and the levels' distributions.
struct VideoModel {
    HeadBasis basis;
    bool shared = false; ///< the basis is a calibration's, which write() leaves out
    float step = 1; ///< of the finest class
    std::uint8_t cuts = 0; ///< share of the tokens in 1/255 that are keyframes although the interval is not over
    std::vector<ResidualModel> predicted,
        key; ///< by channel of the transform: levels of predicted tokens, of keyframes
    std::vector<std::int8_t> gains; ///< by channel, in 1/127
    std::vector<std::uint8_t> shrinks; ///< by channel, a shrinkCode()

    static std::uint8_t shrinkCode(float shrink);
    static float shrinkOf(std::uint8_t code);

    explicit VideoModel(std::int64_t dim);
    std::size_t dim() const { return gains.size(); }
    /// `cuts` keyframes among `unforced` tokens.
    void setCuts(std::size_t cuts, std::size_t unforced);
    bool uses(std::size_t c) const { return !predicted[c].isSilent() || !key[c].isSilent(); }
    std::vector<float> gainFactors() const;
    /// `rounding` all 0.5.
    ResidualQuantiser quantiser() const;

    std::size_t byteCount() const;
    void write(Bytes& out) const;
    /// Reads what write() wrote, with the calibration's basis where one was used (else null); `at` moves on. Throws
    /// Error{Input}: past the end, a step that is none, a transform that the calibration lacks.
    static VideoModel read(ByteSpan bytes, std::size_t& at, std::int64_t dim, const HeadBasis* calibrated);
};

/// Rows of a head to channels of its transform and back, in blocks. Made once for a basis.
class HeadTransform {
public:
    enum class Direction { Forward, Back };
    HeadTransform(const HeadBasis& basis, Direction direction);
    /// `rows` and `out` [count, dim], not the same.
    void apply(const float* rows, std::int64_t count, float* out) const;

private:
    at::Tensor m_offset, m_matrix; ///< out = offset + rows * matrix; no matrix: the identity
};

} // namespace pikv
