// SPDX-License-Identifier: GPL-3.0-or-later
// The principal components of every head of a layer (Karhunen-Loève transform), packed at a few bits and read back as
// decode sees them.
#include "core/codec/parts/headbasis.h"
#include "core/base/error.h"
#include "core/base/half.h"
#include "core/codec/parts/rowmetric.h"
#include "core/kernels/bitpack.h"
#include "core/kernels/transpose.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <c10/util/Half.h>
#include <cmath>

namespace pikv {
namespace {

constexpr std::int64_t leastRows = 2048; ///< that a covariance is estimated from, where there are so many

float roundedToHalf(float value) { return static_cast<float>(c10::Half(value)); }

/// A transpose whose rows have a unit stride; on the CPU by tiles, which is several times faster than copying a strided
/// tensor.
at::Tensor transposed(const at::Tensor& matrix, std::int64_t outStride)
{
    if (!matrix.is_cpu())
        return matrix.t().contiguous();
    const at::Tensor source = matrix.stride(1) == 1 ? matrix : matrix.contiguous();
    const at::Tensor out = at::empty({ matrix.size(1), outStride }, at::kFloat).narrow(1, 0, matrix.size(0));
    transpose(source.data_ptr<float>(), static_cast<std::size_t>(source.stride(0)),
        static_cast<std::size_t>(matrix.size(0)), static_cast<std::size_t>(matrix.size(1)), out.data_ptr<float>(),
        static_cast<std::size_t>(outStride));
    return out;
}

at::Tensor weightedMean(const at::Tensor& rows, const at::Tensor& weights)
{
    if (!weights.defined())
        return rows.mean(0);
    return at::matmul(weights.unsqueeze(0), rows).squeeze(0) / weights.sum();
}

/// Eigenvectors of the covariance as rows, by falling variance; of many rows every n-th is looked at. In a metric M
/// with the covariance C: those of M^(1/2) C M^(1/2), times M^(-1/2).
at::Tensor principalVectors(
    const at::Tensor& rows, const at::Tensor& mean, const at::Tensor& allWeights, const at::Tensor& metric)
{
    const std::int64_t stride = std::max<std::int64_t>(1, rows.size(0) / std::max(leastRows, 16 * rows.size(1)));
    const at::Tensor centred = rows.slice(0, 0, rows.size(0), stride) - mean;
    const at::Tensor weights = allWeights.defined() ? allWeights.slice(0, 0, rows.size(0), stride) : allWeights;
    const at::Tensor weighted = weights.defined() ? centred * weights.unsqueeze(1) : centred;
    const at::Tensor covariance = at::matmul(centred.t(), weighted);
    if (!metric.defined())
        return linalg::principal(covariance).rows.contiguous();
    const MetricRoots roots(metric.cpu().to(at::kDouble));
    const at::Tensor measured = at::matmul(at::matmul(roots.root, covariance.cpu().to(at::kDouble)), roots.root);
    return at::matmul(linalg::principal(measured).rows, roots.inverse).to(at::kFloat).contiguous();
}

} // namespace

HeadBasis HeadBasis::fit(const at::Tensor& rows, const at::Tensor& weights, bool klt, const at::Tensor& metric)
{
    HeadBasis basis;
    // f16 and its reach: a mean beyond it is clamped, the rest is left to the coefficients.
    basis.m_mean = weightedMean(rows, weights).clamp(-largestHalf, largestHalf).to(at::kHalf).to(at::kFloat);
    if (!klt)
        return basis;
    basis.m_exact = principalVectors(rows, basis.m_mean, weights, metric).cpu().contiguous();
    basis.code(8);
    return basis;
}

HeadBasis HeadBasis::withBits(int bits) const
{
    HeadBasis basis = *this;
    basis.code(bits);
    return basis;
}

void HeadBasis::code(int bits)
{
    m_bits = bits;
    const std::int64_t dim = m_exact.size(0);
    at::Tensor vectors = m_exact.clone();
    const float most = static_cast<float>((1 << (bits - 1)) - 1);
    m_codes.resize(static_cast<std::size_t>(dim * dim));
    m_scales.clear();
    for (std::int64_t v = 0; v < dim; ++v) {
        float* row = vectors.data_ptr<float>() + v * dim;
        float largest = 0;
        for (std::int64_t i = 0; i < dim; ++i)
            largest = std::max(largest, std::abs(row[i]));
        const c10::Half stored(largest / most);
        const float scale = std::max(static_cast<float>(stored), 1e-6f);
        for (std::int64_t i = 0; i < dim; ++i) {
            const float code = std::clamp(std::nearbyint(row[i] / scale), -most, most);
            m_codes[static_cast<std::size_t>(v * dim + i)] = static_cast<std::int8_t>(code);
            row[i] = code * roundedToHalf(static_cast<float>(stored));
        }
        m_scales.push_back(stored.x);
    }
    m_vectors = vectors.to(m_mean.device());
}

HeadBasis HeadBasis::identity(const at::Tensor& mean)
{
    HeadBasis basis;
    basis.m_mean = mean;
    return basis;
}

at::Tensor HeadBasis::project(const at::Tensor& centred) const
{
    if (isIdentity())
        return transposed(centred, static_cast<std::int64_t>(spreadStride(static_cast<std::size_t>(centred.size(0)))));
    return at::matmul(m_inverse.defined() ? m_inverse : inverse(), centred.t());
}

at::Tensor HeadBasis::inverse() const { return linalg::inverse(m_vectors.t()); }

void HeadBasis::invert(c10::Device device)
{
    constexpr float most = 1e4F; // that of orthonormal vectors, coded, is about 1
    m_mean = m_mean.to(device);
    if (isIdentity())
        return;
    try {
        m_inverse = inverse();
    } catch (const LinalgError&) {
        throw inputError("the calibration holds vectors that have no inverse");
    }
    if (!(m_inverse.abs().max().item<float>() < most))
        throw inputError("the calibration holds vectors that have no inverse");
    m_inverse = m_inverse.to(device);
    m_vectors = m_vectors.to(device);
}

at::Tensor HeadBasis::rebuild(const at::Tensor& coefficients) const
{
    if (isIdentity())
        return transposed(coefficients, coefficients.size(0)).add_(m_mean);
    return at::addmm(m_mean, coefficients.t(), m_vectors);
}

void HeadBasis::write(const std::vector<std::uint8_t>& used, Bytes& out) const
{
    const std::size_t dim = used.size();
    for (std::size_t v = 0; v < dim; ++v) {
        if (!used[v])
            continue;
        appendLe(out, m_scales[v]);
        std::vector<std::uint8_t> codes(dim);
        for (std::size_t i = 0; i < dim; ++i)
            codes[i] = static_cast<std::uint8_t>(m_codes[v * dim + i]); // its low bits: two's complement
        const std::size_t at = out.size();
        out.resize(at + packedBytes(dim, m_bits));
        packBits(codes, m_bits, std::span(out).subspan(at));
    }
}

HeadBasis HeadBasis::read(ByteSpan bytes, std::size_t& at, const std::vector<std::uint8_t>& used, std::int64_t dim,
    bool klt, at::Tensor mean, int bits)
{
    HeadBasis basis;
    basis.m_mean = std::move(mean);
    if (!klt)
        return basis;
    at::Tensor vectors = at::zeros({ dim, dim }, at::kFloat);
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(dim));
    for (std::int64_t v = 0; v < dim; ++v) {
        if (!used[static_cast<std::size_t>(v)])
            continue;
        const std::size_t packed = packedBytes(codes.size(), bits);
        if (packed + 2 > bytes.size() - at)
            throw inputError("the section with the basis vectors ends too early");
        const float scale
            = static_cast<float>(c10::Half(loadLe<std::uint16_t>(bytes.data() + at), c10::Half::from_bits()));
        if (!std::isfinite(scale))
            throw inputError("the section with the basis vectors holds a scale that is not finite");
        unpackBits(bytes.subspan(at + 2, packed), bits, codes);
        float* row = vectors.data_ptr<float>() + v * dim;
        for (std::int64_t i = 0; i < dim; ++i) // from the top of a byte and back: the sign comes along
            row[i] = scale
                * static_cast<float>(
                    static_cast<std::int8_t>(codes[static_cast<std::size_t>(i)] << (8 - bits)) >> (8 - bits));
        at += 2 + packed;
    }
    basis.m_vectors = vectors;
    return basis;
}

} // namespace pikv
