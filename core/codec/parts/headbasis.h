// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <vector>

namespace pikv {

/// A transform of one head's vectors, x ~ mean + coefficients * basis, with basis vectors by falling variance: the
/// Karhunen–Loève transform of the (weighted) covariance, coded as one row of small integers (int8 unless
/// asked otherwise) and an f16 scale a vector; or the
/// identity, which costs nothing.
class HeadBasis {
public:
    /// `rows` f32 [n, dim]; `weights` f32 [n] or undefined; `metric` f32 [dim, dim], what errors are measured by, or
    /// undefined: plain squares. Coefficients' errors count the same in it.
    static HeadBasis fit(const at::Tensor& rows, const at::Tensor& weights, bool klt, const at::Tensor& metric = {});
    /// The fitted transform with entries of `bits` (2 … 8) instead of 8 bits. Fewer cost less and decorrelate less.
    HeadBasis withBits(int bits) const;

    /// The transform that only takes `mean` (f32 [dim], of f16 values) away.
    static HeadBasis identity(const at::Tensor& mean);

    bool isIdentity() const { return !m_vectors.defined(); }
    const at::Tensor& mean() const { return m_mean; } ///< f32 [dim], rounded to f16
    const at::Tensor& vectors() const { return m_vectors; } ///< f32 [dim, dim] as coded, one a row; undefined: identity
    /// Coefficients [dim, n] of `centred` rows, mean() taken away: exact for the coded basis, so that coding the basis
    /// costs no accuracy at full rank.
    at::Tensor project(const at::Tensor& centred) const;
    /// rows f32 [n, dim] from coefficients [dim, n].
    at::Tensor rebuild(const at::Tensor& coefficients) const;

    int bits() const { return m_bits; }
    /// Stored bits of a vector, whole bytes.
    static std::int64_t bitsPerVector(std::int64_t dim, int bits = 8) { return (dim * bits + 7) / 8 * 8 + 16; }
    /// The vectors with used[i] != 0, in order.
    void write(const std::vector<std::uint8_t>& used, Bytes& out) const;
    /// Reads back what write() wrote; unused vectors are zero. `at` moves on; throws Error{Input} past the end or where
    /// a scale is not finite.
    static HeadBasis read(ByteSpan bytes, std::size_t& at, const std::vector<std::uint8_t>& used, std::int64_t dim,
        bool klt, at::Tensor mean, int bits = 8);

    /// Readies what was read() for project() on `device`. Throws Error{Input} where the vectors have no inverse.
    void invert(c10::Device device);

private:
    void code(int bits);
    at::Tensor inverse() const;
    at::Tensor m_mean;
    at::Tensor m_exact; ///< f32 CPU [dim, dim], the vectors before coding; only where fitted
    int m_bits = 8;
    at::Tensor m_vectors; ///< f32 [dim, dim] as coded, one vector a row
    at::Tensor m_inverse; ///< f32 [dim, dim], of vectors() as columns; only after invert()
    std::vector<std::int8_t> m_codes;
    std::vector<std::uint16_t> m_scales;
};

} // namespace pikv
