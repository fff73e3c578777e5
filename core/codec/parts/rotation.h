// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

namespace pikv {

/// A seeded random rotation of head vectors: spreads any vector's energy evenly over its coordinates.
class Rotation {
public:
    enum class Kind { Hadamard, Orthogonal }; ///< random signs and a Hadamard transform; QR of a Gaussian matrix
    /// Hadamard needs a power of two and falls back to Orthogonal. The last few are kept.
    static std::shared_ptr<const Rotation> make(Kind kind, std::int64_t dim, std::uint64_t seed);

    std::int64_t dim() const { return m_dim; }
    /// Rotates `count` rows [count, dim] in place, and back.
    void apply(float* rows, std::int64_t count) const;
    void undo(float* rows, std::int64_t count) const;

private:
    void multiply(float* rows, std::int64_t count, bool transposed) const;
    std::int64_t m_dim = 0;
    std::vector<float> m_signs; ///< of Hadamard
    std::vector<float> m_matrix; ///< of Orthogonal, [dim, dim]
};

/// Standard normal numbers, the rows of the random projection S [dim, dim] of TurboQuant's second stage.
std::vector<float> gaussianMatrix(std::int64_t dim, std::uint64_t seed);

} // namespace pikv
