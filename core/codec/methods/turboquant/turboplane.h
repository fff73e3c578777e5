// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/parts/planecodec.h"
#include "core/codec/parts/rotation.h"
#include "core/kernels/lloydmax.h"
#include <memory>
#include <span>
#include <vector>

namespace pikv {

/// One head of K or V, [seq, dim], as TurboQuant stores it (Zandieh et al. 2025, arXiv 2504.19874): each vector
/// rotated, its coordinates quantised by the Lloyd-Max table of the unit sphere, its length as f16 (chosen so that the
/// squared error is least, which costs nothing). With `qjl` one bit less a coordinate, and the signs of a random
/// projection of the residual beside its length (algorithm 2): unbiased inner products at a larger error.
class TurboPlane final : public PlaneCodec {
public:
    TurboPlane(std::int64_t seq, std::int64_t dim, int bits, bool qjl, Rotation::Kind kind, std::uint64_t seed);

    /// "codes", "lengths" and, with qjl, "signs", "residuals".
    std::vector<PlaneSection> sections() const override;
    void encode(
        const PlaneRows& rows, std::span<const std::span<std::byte>> parts, const JobControl& job) const override;
    void decode(std::span<const ByteSpan> parts, const PlaneRows& rows, const JobControl& job) const override;

private:
    int scalarBits() const { return m_qjl ? m_bits - 1 : m_bits; }
    void project(const float* residuals, std::int64_t count, std::span<std::byte> signs) const;
    void addProjected(ByteSpan signs, const float* scales, std::int64_t count, float* rows) const;
    std::int64_t m_seq, m_dim;
    int m_bits;
    bool m_qjl;
    std::shared_ptr<const Rotation> m_rotation;
    std::shared_ptr<const LloydMaxTable> m_table;
    std::vector<float> m_projection; ///< S of qjl, [dim, dim]
};

} // namespace pikv
