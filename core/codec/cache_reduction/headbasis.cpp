// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/cache_reduction/headbasis.h"
#include "core/base/error.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_inv.h>
#include <ATen/ops/matmul.h>
#include <c10/util/Half.h>
#include <algorithm>
#include <cmath>

namespace pikv {
namespace {

float roundedToHalf(float value) { return static_cast<float>(c10::Half(value)); }

at::Tensor weightedMean(const at::Tensor& rows, const at::Tensor& weights)
{
    if (!weights.defined())
        return rows.mean(0);
    return at::matmul(weights.unsqueeze(0), rows).squeeze(0) / weights.sum();
}

/// Eigenvectors of the covariance as rows, by falling variance.
at::Tensor principalVectors(const at::Tensor& centred, const at::Tensor& weights)
{
    const at::Tensor weighted = weights.defined() ? centred * weights.unsqueeze(1) : centred;
    const at::Tensor covariance = at::matmul(centred.t(), weighted);
    return std::get<1>(at::linalg_eigh(covariance)).flip({ 1 }).t().contiguous();
}

} // namespace

HeadBasis HeadBasis::fit(const at::Tensor& rows, const at::Tensor& weights, bool klt)
{
    HeadBasis basis;
    // f16 and its reach: a mean beyond it is clamped, the rest is left to the coefficients.
    basis.m_mean = weightedMean(rows, weights).clamp(-65504.0, 65504.0).to(at::kHalf).to(at::kFloat);
    if (!klt)
        return basis;
    const std::int64_t dim = rows.size(1);
    at::Tensor vectors = principalVectors(rows - basis.m_mean, weights).cpu().contiguous();
    float* data = vectors.data_ptr<float>();
    basis.m_codes.resize(static_cast<std::size_t>(dim * dim));
    for (std::int64_t v = 0; v < dim; ++v) {
        float* row = data + v * dim;
        float largest = 0;
        for (std::int64_t i = 0; i < dim; ++i)
            largest = std::max(largest, std::abs(row[i]));
        const c10::Half stored(largest / 127);
        const float scale = std::max(static_cast<float>(stored), 1e-6f);
        for (std::int64_t i = 0; i < dim; ++i) {
            const float code = std::clamp(std::nearbyint(row[i] / scale), -127.0f, 127.0f);
            basis.m_codes[static_cast<std::size_t>(v * dim + i)] = static_cast<std::int8_t>(code);
            row[i] = code * roundedToHalf(static_cast<float>(stored));
        }
        basis.m_scales.push_back(stored.x);
    }
    basis.m_vectors = vectors.to(rows.device());
    return basis;
}

HeadBasis HeadBasis::identity(const at::Tensor& mean)
{
    HeadBasis basis;
    basis.m_mean = mean;
    return basis;
}

at::Tensor HeadBasis::project(const at::Tensor& rows) const
{
    const at::Tensor centred = rows - m_mean;
    if (isIdentity())
        return centred.t().contiguous();
    return at::matmul(at::linalg_inv(m_vectors.t()), centred.t());
}

at::Tensor HeadBasis::rebuild(const at::Tensor& coefficients) const
{
    if (isIdentity())
        return coefficients.t() + m_mean;
    return at::matmul(coefficients.t(), m_vectors) + m_mean;
}

void HeadBasis::write(const std::vector<std::uint8_t>& used, Bytes& out) const
{
    const std::size_t dim = used.size();
    for (std::size_t v = 0; v < dim; ++v) {
        if (!used[v])
            continue;
        appendLe(out, m_scales[v]);
        const ByteSpan row = asBytes(m_codes.data() + v * dim, dim);
        out.insert(out.end(), row.begin(), row.end());
    }
}

HeadBasis HeadBasis::read(ByteSpan bytes, std::size_t& at, const std::vector<std::uint8_t>& used, std::int64_t dim, bool klt,
    at::Tensor mean)
{
    HeadBasis basis;
    basis.m_mean = std::move(mean);
    if (!klt)
        return basis;
    at::Tensor vectors = at::zeros({ dim, dim }, at::kFloat);
    for (std::int64_t v = 0; v < dim; ++v) {
        if (!used[static_cast<std::size_t>(v)])
            continue;
        if (at + 2 + static_cast<std::size_t>(dim) > bytes.size())
            throw inputError("the section with the basis vectors ends too early");
        const float scale = static_cast<float>(c10::Half(loadLe<std::uint16_t>(bytes.data() + at), c10::Half::from_bits()));
        float* row = vectors.data_ptr<float>() + v * dim;
        for (std::int64_t i = 0; i < dim; ++i)
            row[i] = scale * static_cast<float>(static_cast<std::int8_t>(bytes[at + 2 + static_cast<std::size_t>(i)]));
        at += 2 + static_cast<std::size_t>(dim);
    }
    basis.m_vectors = vectors;
    return basis;
}

} // namespace pikv
