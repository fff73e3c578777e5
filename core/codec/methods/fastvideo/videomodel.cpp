// SPDX-License-Identifier: GPL-3.0-or-later
// What decode must know of a head: transform, prediction, means; and its bytes.
#include "core/codec/methods/fastvideo/videomodel.h"
#include "core/base/error.h"
#include "core/codec/tensorbytes.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <cmath>

namespace pikv {
namespace {

constexpr float shrinkUnit = 1.0f / 32;
constexpr int shrinkZero = 3;
constexpr int leastBasisBits = 2;

ByteSpan take(ByteSpan bytes, std::size_t& at, std::size_t count)
{
    if (count > bytes.size() - at)
        throw inputError("the section 'side' ends too early");
    at += count;
    return bytes.subspan(at - count, count);
}

} // namespace

std::uint8_t VideoModel::shrinkCode(float shrink)
{
    return static_cast<std::uint8_t>(std::clamp(std::nearbyint(shrink / shrinkUnit) + shrinkZero, 0.0f, 15.0f));
}

float VideoModel::shrinkOf(std::uint8_t code) { return static_cast<float>(int(code) - shrinkZero) * shrinkUnit; }

VideoModel::VideoModel(std::int64_t dim)
    : predicted(static_cast<std::size_t>(dim), ResidualModel(ResidualModel::silent))
    , key(predicted)
    , gains(static_cast<std::size_t>(dim), 0)
    , shrinks(gains.size(), shrinkZero)
{
}

void VideoModel::setCuts(std::size_t cutCount, std::size_t unforced)
{
    const double share = unforced ? 255 * double(cutCount) / double(unforced) : 0;
    // What occurs keeps a share above 0.
    cuts = static_cast<std::uint8_t>(cutCount == unforced ? share : std::min(std::ceil(share), 254.0));
}

std::vector<float> VideoModel::gainFactors() const
{
    std::vector<float> factors;
    for (std::int8_t gain : gains)
        factors.push_back(static_cast<float>(gain) / 127);
    return factors;
}

ResidualQuantiser VideoModel::quantiser() const
{
    ResidualQuantiser quantiser { gainFactors(), std::vector<float>(dim(), 0.5f), {} };
    for (std::uint8_t code : shrinks)
        quantiser.shrink.push_back(shrinkOf(code));
    return quantiser;
}

std::size_t VideoModel::byteCount() const
{
    std::size_t used = 0;
    for (std::size_t c = 0; c < dim(); ++c)
        used += uses(c);
    const std::size_t mean = shared ? 0 : 2;
    const std::size_t vector = shared || basis.isIdentity()
        ? 0
        : static_cast<std::size_t>(HeadBasis::bitsPerVector(std::int64_t(dim()), basis.bits())) / 8;
    return 1 + 4 + 1 + dim() * (mean + 2) + used * (2 + vector);
}

void VideoModel::write(Bytes& out) const
{
    out.push_back(std::byte(basis.isIdentity() ? 0 : basis.bits()));
    appendLe(out, step);
    appendLe(out, cuts);
    if (!shared) {
        const Bytes mean = tensorToBytes(basis.mean(), DType::F16);
        out.insert(out.end(), mean.begin(), mean.end());
    }
    std::vector<std::uint8_t> used(dim());
    for (std::size_t c = 0; c < dim(); ++c) {
        appendLe(out, predicted[c].code());
        appendLe(out, key[c].code());
        used[c] = uses(c);
    }
    for (std::size_t c = 0; c < dim(); ++c)
        if (used[c]) {
            appendLe(out, gains[c]);
            appendLe(out, shrinks[c]);
        }
    if (!shared && !basis.isIdentity())
        basis.write(used, out);
}

VideoModel VideoModel::read(ByteSpan bytes, std::size_t& at, std::int64_t dim, const HeadBasis* calibrated)
{
    VideoModel model(dim);
    const ByteSpan head = take(bytes, at, 6);
    const int bits = std::to_integer<int>(head[0]);
    if (bits != 0 && (bits < leastBasisBits || bits > 8))
        throw inputError("the section 'side' names a basis of " + std::to_string(bits) + " bits");
    model.step = loadLe<float>(head.data() + 1);
    if (!std::isfinite(model.step) || model.step <= 0)
        throw inputError("the section 'side' names a quantiser step that is not above 0");
    model.cuts = loadLe<std::uint8_t>(head.data() + 5);
    if (calibrated && bits != 0 && calibrated->isIdentity())
        throw inputError("the section 'side' names a transform, but the calibration holds none");
    model.shared = calibrated != nullptr;
    const at::Tensor mean = calibrated
        ? calibrated->mean()
        : tensorFromBytes(take(bytes, at, model.dim() * 2), DType::F16, { dim }).to(at::kFloat);
    std::vector<std::uint8_t> used(model.dim());
    for (std::size_t c = 0; c < model.dim(); ++c) {
        const ByteSpan codes = take(bytes, at, 2);
        model.predicted[c] = ResidualModel(loadLe<std::uint8_t>(codes.data()));
        model.key[c] = ResidualModel(loadLe<std::uint8_t>(codes.data() + 1));
        used[c] = model.uses(c);
    }
    for (std::size_t c = 0; c < model.dim(); ++c)
        if (used[c]) {
            const ByteSpan codes = take(bytes, at, 2);
            model.gains[c] = loadLe<std::int8_t>(codes.data());
            model.shrinks[c] = loadLe<std::uint8_t>(codes.data() + 1);
        }
    if (calibrated)
        model.basis = bits != 0 ? *calibrated : HeadBasis::identity(mean);
    else
        model.basis = HeadBasis::read(bytes, at, used, dim, bits != 0, mean, std::max(bits, leastBasisBits));
    return model;
}

HeadTransform::HeadTransform(const HeadBasis& basis, Direction direction)
{
    const bool forward = direction == Direction::Forward;
    m_offset = forward ? -basis.mean() : basis.mean();
    if (basis.isIdentity())
        return;
    // The inverse of the coded basis, not its transpose: coding the basis then costs no accuracy.
    m_matrix = forward ? linalg::inverse(basis.vectors()).contiguous() : basis.vectors();
    if (forward)
        m_offset = at::matmul(m_offset.unsqueeze(0), m_matrix).squeeze(0);
}

void HeadTransform::apply(const float* rows, std::int64_t count, float* out) const
{
    const std::int64_t dim = m_offset.size(0);
    if (m_matrix.defined()) {
        const at::Tensor in = at::from_blob(const_cast<float*>(rows), { count, dim }, at::kFloat);
        at::Tensor result = at::from_blob(out, { count, dim }, at::kFloat);
        at::addmm_out(result, m_offset, in, m_matrix);
        return;
    }
    const float* offset = m_offset.data_ptr<float>();
    for (std::int64_t r = 0; r < count; ++r, rows += dim, out += dim)
        for (std::int64_t c = 0; c < dim; ++c)
            out[c] = rows[c] + offset[c];
}

} // namespace pikv
