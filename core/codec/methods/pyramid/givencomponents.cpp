// SPDX-License-Identifier: GPL-3.0-or-later
// Heads' components side by side as one transform, the largest first.
#include "core/codec/methods/pyramid/givencomponents.h"
#include "core/base/error.h"
#include "core/codec/parts/rowmetric.h"
#include "core/codec/tensorbytes.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace pikv {
namespace {

at::Tensor meansOf(const std::vector<HeadBasis>& bases)
{
    const std::int64_t dim = bases.front().mean().numel();
    at::Tensor means = at::zeros({ static_cast<std::int64_t>(bases.size()) * dim }, at::kFloat);
    for (std::size_t h = 0; h < bases.size(); ++h)
        means.narrow(0, static_cast<std::int64_t>(h) * dim, dim).copy_(bases[h].mean());
    return means;
}

} // namespace

GivenComponents::GivenComponents(
    const at::Tensor& rows, std::vector<HeadBasis> bases, bool inMetric, const JobControl& job)
    : m_bases(std::move(bases))
{
    const double deviation = std::sqrt(rows.to(at::kDouble).var(0, false).mean().item<double>());
    m_unit = static_cast<float>(inMetric ? plainStep : std::max(1e-30, plainStep * deviation));
    m_means = m_bases.empty() ? rows.mean(0).to(at::kHalf).to(at::kFloat) : meansOf(m_bases);
    m_sizes.assign(static_cast<std::size_t>(rows.size(1)), 0); // all alike: the components stay in their order
    const at::Tensor coefficients = at::matmul(rows - m_means, transform().analysis(job));
    const at::Tensor deviations = coefficients.to(at::kDouble).square().mean(0).sqrt().contiguous();
    for (std::size_t i = 0; i < m_sizes.size(); ++i)
        m_sizes[i] = static_cast<std::int8_t>(std::clamp<int>(levelSize(deviations.data_ptr<double>()[i]), -127, 127));
}

void GivenComponents::write(Bytes& out) const
{
    appendLe(out, m_unit);
    if (m_bases.empty()) {
        const Bytes means = tensorToBytes(m_means, DType::F16);
        out.insert(out.end(), means.begin(), means.end());
    }
    for (const std::int8_t size : m_sizes)
        out.push_back(static_cast<std::byte>(size));
}

GivenComponents GivenComponents::read(PyramidSide& side, std::vector<HeadBasis> bases, std::int64_t width)
{
    const auto channels = static_cast<std::size_t>(width);
    GivenComponents given;
    given.m_bases = std::move(bases);
    given.m_unit = loadLe<float>(side.take(sizeof(float)).data());
    given.m_means = given.m_bases.empty()
        ? tensorFromBytes(side.take(2 * channels), DType::F16, { width }).to(at::kFloat)
        : meansOf(given.m_bases);
    if (!std::isfinite(given.m_unit) || given.m_unit <= 0 || !at::isfinite(given.m_means).all().item<bool>())
        throw inputError("the section 'side' holds what is no number");
    for (const std::byte size : side.take(channels))
        given.m_sizes.push_back(static_cast<std::int8_t>(size));
    return given;
}

SideTransform GivenComponents::transform() const
{
    const std::int64_t width = m_means.numel();
    at::Tensor rows = m_bases.empty() ? at::eye(width, at::kFloat) : at::zeros({ width, width }, at::kFloat);
    std::int64_t first = 0;
    for (const HeadBasis& basis : m_bases) {
        const std::int64_t dim = basis.mean().numel();
        rows.narrow(0, first, dim).narrow(1, first, dim).copy_(basis.vectors());
        first += dim;
    }
    at::Tensor order = at::zeros({ width }, at::kLong);
    auto* place = order.data_ptr<std::int64_t>();
    std::iota(place, place + width, 0);
    std::stable_sort(place, place + width, [&](std::int64_t a, std::int64_t b) {
        return m_sizes[static_cast<std::size_t>(a)] > m_sizes[static_cast<std::size_t>(b)];
    });
    SideTransform t;
    t.mean = m_means;
    t.synthesis = rows.index_select(0, order).mul_(m_unit).contiguous();
    for (std::int64_t i = 0; i < width; ++i)
        t.sizes.push_back(m_sizes[static_cast<std::size_t>(place[i])]);
    return t;
}

} // namespace pikv
