// SPDX-License-Identifier: GPL-3.0-or-later
// Principal components of very wide rows: by the rows' inner products where there are few, else as fitLowRank() does.
#include "core/codec/methods/kvtc/kvtcbasis.h"
#include "core/base/error.h"
#include "core/base/float8.h"
#include "core/base/half.h"
#include "core/codec/methods/kvtc/kvtccodes.h"
#include "core/codec/parts/lowrankfit.h"
#include "core/codec/parts/planes.h"
#include "core/codec/tensorbytes.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

namespace pikv {
namespace {

constexpr std::int64_t mostInnerRows = 2048; ///< whose inner products are decomposed in seconds
constexpr std::int64_t simulatedRows = 2048;
constexpr std::int64_t blockRows = 64; ///< transformed by one thread
constexpr double polledProducts = 1e8; ///< multiplications between two questions whether to stop
/// Directions of less variance than this share of the largest are lost in the rows' own rounding.
constexpr double leastVariance = 1e-8;
/// Rows may be that much larger than those learned from before E4M3 cuts them.
constexpr float headroom = 4;

std::int64_t chunkOf(double productsOfOne)
{
    return std::max<std::int64_t>(16, static_cast<std::int64_t>(polledProducts / productsOfOne));
}

/// f32 [n, width] about the returned mean, rounded to f16.
at::Tensor centre(const at::Tensor& rows, const JobControl& job)
{
    at::Tensor sum = at::zeros({ rows.size(1) }, at::kDouble);
    forEachBlock(rows.size(0), 512, job, [&](std::int64_t first, std::int64_t count) {
        sum += rows.narrow(0, first, count).sum(0, false, at::kDouble);
    });
    const at::Tensor mean = (sum / static_cast<double>(rows.size(0))).to(at::kHalf).to(at::kFloat);
    forEachBlock(rows.size(0), 512, job,
        [&](std::int64_t first, std::int64_t count) { rows.narrow(0, first, count).sub_(mean); });
    return mean;
}

/// Of centred rows [n, width]: with A = U S V^T the inner products A A^T have eigenvectors U, and V^T = U^T A / S.
at::Tensor byInnerProducts(const at::Tensor& rows, std::int64_t most, const JobControl& job)
{
    const std::int64_t n = rows.size(0);
    at::Tensor inner = at::zeros({ n, n }, at::kDouble);
    forEachBlock(rows.size(1), chunkOf(double(n) * double(n)), job, [&](std::int64_t first, std::int64_t count) {
        const at::Tensor part = rows.narrow(1, first, count).to(at::kDouble);
        inner.addmm_(part, part.t());
    });
    const auto found = std::make_shared<linalg::Principal>();
    runApart(job, [inner, found] { *found = linalg::principal(inner); });
    const at::Tensor values = found->values.contiguous();
    const double* value = values.data_ptr<double>();
    std::int64_t count = 0;
    while (count < std::min(n, most) && value[count] > leastVariance * value[0])
        ++count;
    const at::Tensor scaled
        = (found->rows.narrow(0, 0, count) / values.narrow(0, 0, count).sqrt().unsqueeze(1)).to(at::kFloat);
    at::Tensor out = at::empty({ count, rows.size(1) }, at::kFloat);
    forEachBlock(count, chunkOf(double(n) * double(rows.size(1))), job, [&](std::int64_t first, std::int64_t some) {
        out.narrow(0, first, some).copy_(at::matmul(scaled.narrow(0, first, some), rows));
    });
    return out;
}

struct Found {
    at::Tensor mean, components;
};

Found principalComponents(const at::Tensor& rows, std::int64_t most, std::uint64_t seed, const JobControl& job)
{
    const std::int64_t n = rows.size(0), width = rows.size(1);
    most = std::min({ most, n, width });
    // fitLowRank() would decompose the covariance of all channels where many directions are wanted.
    if (n <= width && (n <= mostInnerRows || 4 * most > width)) {
        const at::Tensor mean = centre(rows, job);
        return { mean, byInnerProducts(rows, most, job) };
    }
    const auto fit = std::make_shared<LowRankFit>();
    runApart(job, [rows, most, seed, job, fit] { *fit = fitLowRank(rows, {}, most, seed, job); });
    std::int64_t count = 0;
    while (count < most && fit->variances[static_cast<std::size_t>(count)] > leastVariance * fit->variances[0])
        ++count;
    return { fit->mean, fit->directions.narrow(0, 0, count) };
}

/// f(first row, rows) for blocks of rows, one thread each.
template <typename Function>
void forRowBlocks(std::int64_t rows, const JobControl& job, Function f)
{
    forEachPlane(c10::kCPU, (rows + blockRows - 1) / blockRows, job,
        [&](std::int64_t i) { f(i * blockRows, std::min(blockRows, rows - i * blockRows)); });
}

} // namespace

KvtcBasis KvtcBasis::learn(const at::Tensor& rows, std::int64_t most, std::uint64_t seed, const JobControl& job)
{
    KvtcBasis basis;
    const Found found = principalComponents(rows, most, seed, job);
    basis.mean = found.mean;
    basis.components = found.components.to(at::kHalf).to(at::kFloat).contiguous();
    const std::int64_t n = rows.size(0), stride = std::max<std::int64_t>(1, n / simulatedRows);
    KvtcBasis centred = basis; // the rows are
    centred.mean = at::zeros({ basis.width() }, at::kFloat);
    const at::Tensor sample = centred.project(rows.slice(0, 0, n, stride).contiguous(), job);
    const float largest = sample.numel() > 0 ? sample.abs().max().item<float>() : 0.0F;
    if (largest > 0)
        basis.unit = std::exp2(std::ceil(std::log2(largest * headroom / largestE4M3)));
    const at::Tensor scaled = sample / basis.unit;
    basis.errors = simulateErrors(scaled.data_ptr<float>(), scaled.size(0), basis.count(), job);
    return basis;
}

KvtcBasis KvtcBasis::part(const std::vector<std::int64_t>& used) const
{
    at::Tensor index = at::empty({ static_cast<std::int64_t>(used.size()) }, at::kLong);
    std::copy(used.begin(), used.end(), index.data_ptr<std::int64_t>());
    return { mean, components.index_select(0, index), unit, {} };
}

at::Tensor KvtcBasis::project(const at::Tensor& rows, const JobControl& job) const
{
    at::Tensor out = at::empty({ rows.size(0), count() }, at::kFloat);
    const at::Tensor analysis = components.t() / unit;
    forRowBlocks(rows.size(0), job, [&](std::int64_t first, std::int64_t size) {
        const at::Tensor block = rows.narrow(0, first, size) - mean, place = out.narrow(0, first, size);
        forEachBlock(
            count(), chunkOf(double(blockRows) * double(width())), job, [&](std::int64_t at, std::int64_t some) {
                place.narrow(1, at, some).copy_(at::matmul(block, analysis.narrow(1, at, some)));
            });
    });
    return out;
}

at::Tensor KvtcBasis::rebuild(const at::Tensor& coefficients, const JobControl& job) const
{
    at::Tensor out = at::empty({ coefficients.size(0), width() }, at::kFloat);
    const at::Tensor synthesis = components * unit;
    forRowBlocks(coefficients.size(0), job, [&](std::int64_t first, std::int64_t size) {
        const at::Tensor block = coefficients.narrow(0, first, size), place = out.narrow(0, first, size);
        const double perColumn = double(blockRows) * double(std::max<std::int64_t>(1, count()));
        forEachBlock(width(), chunkOf(perColumn), job, [&](std::int64_t at, std::int64_t some) {
            place.narrow(1, at, some).copy_(at::addmm(mean.narrow(0, at, some), block, synthesis.narrow(1, at, some)));
        });
    });
    return out;
}

void KvtcBasis::write(const std::string& side, SectionSet& out) const
{
    out.add(side + ".mean", tensorToBytes(mean, DType::F16));
    out.add(side + ".components", tensorToBytes(components, DType::F16));
}

void KvtcBasis::writeErrors(const std::string& side, SectionSet& out) const
{
    Bytes bytes;
    appendLe(bytes, unit);
    const auto append = [&](const std::vector<float>& list) {
        const ByteSpan more = asBytes(list.data(), list.size() * sizeof(float));
        bytes.insert(bytes.end(), more.begin(), more.end());
    };
    append(errors.dropped);
    append(errors.fp8);
    for (const auto& sizes : errors.integers)
        for (const auto& list : sizes)
            append(list);
    out.add(side + ".errors", std::move(bytes));
}

KvtcBasis KvtcBasis::read(const SectionSet& sections, const std::string& side, std::int64_t width)
{
    KvtcBasis basis;
    const ByteSpan means = sections.get(side + ".mean", static_cast<std::size_t>(width) * 2),
                   rows = sections.get(side + ".components");
    basis.mean = tensorFromBytes(means, DType::F16, { width }).to(at::kFloat);
    const std::int64_t count = static_cast<std::int64_t>(rows.size()) / (2 * width);
    basis.components = tensorFromBytes(rows, DType::F16, { count, width }).to(at::kFloat);
    if (!at::isfinite(basis.mean).all().item<bool>() || !at::isfinite(basis.components).all().item<bool>())
        throw inputError("the basis of section '" + side + ".components' holds what is no number");
    return basis;
}

void KvtcBasis::readErrors(const SectionSet& sections, const std::string& side)
{
    constexpr std::size_t lists = 2 + 2 * kvtcSizes.size();
    const auto each = static_cast<std::size_t>(count());
    const ByteSpan bytes = sections.get(side + ".errors", sizeof(float) * (1 + lists * each));
    unit = loadLe<float>(bytes.data());
    bool areErrors = std::isfinite(unit) && unit > 0;
    const std::byte* at = bytes.data() + sizeof(float);
    const auto take = [&](std::vector<float>& list) {
        list.resize(each);
        std::memcpy(list.data(), at, each * sizeof(float));
        at += each * sizeof(float);
        areErrors = areErrors && std::all_of(list.begin(), list.end(), [](float error) { return error >= 0; });
    };
    take(errors.dropped);
    take(errors.fp8);
    for (auto& sizes : errors.integers)
        for (auto& list : sizes)
            take(list);
    if (!areErrors)
        throw inputError("section '" + side + ".errors' of the calibration holds what is no error");
}

} // namespace pikv
