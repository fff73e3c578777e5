// SPDX-License-Identifier: GPL-3.0-or-later
// Random orthogonal matrices from a seed, dense or by Hadamard transforms, the same on every machine.
#include "core/codec/parts/rotation.h"
#include "core/base/counterrng.h"
#include "core/base/lastused.h"
#include "core/kernels/hadamard.h"
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>
#include <bit>
#include <cmath>
#include <cstring>
#include <tuple>

namespace pikv {
namespace {

/// Rows of a Gaussian matrix made orthonormal (modified Gram-Schmidt in f64, twice): the Q of its QR decomposition, the
/// same with every LibTorch.
std::vector<float> orthogonalMatrix(std::int64_t dim, std::uint64_t seed)
{
    const std::vector<float> random = gaussianMatrix(dim, seed);
    std::vector<double> rows(random.begin(), random.end());
    const auto n = static_cast<std::size_t>(dim);
    const auto row = [&](std::size_t i) { return rows.data() + i * n; };
    for (std::size_t i = 0; i < n; ++i) {
        for (int pass = 0; pass < 2; ++pass)
            for (std::size_t j = 0; j < i; ++j) {
                double dot = 0;
                for (std::size_t c = 0; c < n; ++c)
                    dot += row(i)[c] * row(j)[c];
                for (std::size_t c = 0; c < n; ++c)
                    row(i)[c] -= dot * row(j)[c];
            }
        double length = 0;
        for (std::size_t c = 0; c < n; ++c)
            length += row(i)[c] * row(i)[c];
        for (std::size_t c = 0; c < n; ++c)
            row(i)[c] /= std::sqrt(length);
    }
    return { rows.begin(), rows.end() };
}

} // namespace

std::vector<float> gaussianMatrix(std::int64_t dim, std::uint64_t seed)
{
    const CounterRng rng(seed, { static_cast<std::uint64_t>(dim) });
    std::vector<float> values(static_cast<std::size_t>(dim * dim));
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = rng.normal(i);
    return values;
}

std::shared_ptr<const Rotation> Rotation::make(Kind kind, std::int64_t dim, std::uint64_t seed)
{
    if (!std::has_single_bit(static_cast<std::uint64_t>(dim)))
        kind = Kind::Orthogonal;
    constexpr std::size_t most = 16; // of dim^2 numbers: keys and values of a few shapes
    static LastUsed<std::tuple<Kind, std::int64_t, std::uint64_t>, Rotation> rotations(most);
    return rotations.get({ kind, dim, seed }, [&] {
        Rotation made;
        made.m_dim = dim;
        if (kind == Kind::Orthogonal) {
            made.m_matrix = orthogonalMatrix(dim, seed);
            return made;
        }
        const CounterRng rng(seed, { static_cast<std::uint64_t>(dim) });
        for (std::int64_t i = 0; i < dim; ++i)
            made.m_signs.push_back(rng.bits(static_cast<std::uint64_t>(i)) >> 63 ? 1.0f : -1.0f);
        return made;
    });
}

void Rotation::multiply(float* rows, std::int64_t count, bool transposed) const
{
    const at::Tensor matrix = at::from_blob(const_cast<float*>(m_matrix.data()), { m_dim, m_dim }, at::kFloat);
    const at::Tensor target = at::from_blob(rows, { count, m_dim }, at::kFloat);
    target.copy_(at::mm(target, transposed ? matrix.t() : matrix));
}

void Rotation::apply(float* rows, std::int64_t count) const
{
    if (!m_matrix.empty())
        return multiply(rows, count, true);
    const auto n = static_cast<std::size_t>(m_dim);
    std::vector<float> scratch(n);
    for (std::int64_t r = 0; r < count; ++r, rows += n) {
        for (std::size_t i = 0; i < n; ++i)
            rows[i] *= m_signs[i];
        hadamard(rows, scratch.data(), n);
    }
}

void Rotation::undo(float* rows, std::int64_t count) const
{
    if (!m_matrix.empty())
        return multiply(rows, count, false);
    const auto n = static_cast<std::size_t>(m_dim);
    std::vector<float> scratch(n);
    for (std::int64_t r = 0; r < count; ++r, rows += n) {
        hadamard(rows, scratch.data(), n);
        for (std::size_t i = 0; i < n; ++i)
            rows[i] *= m_signs[i];
    }
}

} // namespace pikv
