// SPDX-License-Identifier: GPL-3.0-or-later
// Normal equations in f64, summed over blocks of rows.
#include "core/codec/parts/rowpredictor.h"
#include "core/base/error.h"
#include "core/codec/parts/planes.h"
#include "core/codec/tensorbytes.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <memory>

namespace pikv {
namespace {

constexpr std::int64_t blockRows = 256, blockInputs = 256;
/// Of every input's variance: what keeps the equations solvable where inputs are alike.
constexpr double ridge = 1e-3;

/// Sums over rows of [x, 1]ᵀ[x, 1] and [x, 1]ᵀ y, without the ones being stored.
struct Moments {
    double count = 0;
    at::Tensor ofInputs, ofRows, squares, products;

    Moments(std::int64_t inputs, std::int64_t width)
        : ofInputs(at::zeros({ inputs }, at::kDouble))
        , ofRows(at::zeros({ width }, at::kDouble))
        , squares(at::zeros({ inputs, inputs }, at::kDouble))
        , products(at::zeros({ inputs, width }, at::kDouble))
    {
    }
    void add(const at::Tensor& x, const at::Tensor& y, const JobControl& job)
    {
        count += static_cast<double>(x.size(0));
        ofInputs += x.sum(0, false, at::kDouble);
        ofRows += y.sum(0, false, at::kDouble);
        forEachBlock(x.size(1), blockInputs, job, [&](std::int64_t first, std::int64_t some) {
            const at::Tensor part = x.narrow(1, first, some).t();
            squares.narrow(0, first, some).add_(at::mm(part, x)); // of a block in f32
            products.narrow(0, first, some).add_(at::mm(part, y));
        });
    }
    at::Tensor solution() const
    {
        const at::Tensor mean = ofInputs / count;
        at::Tensor matrix = squares - at::matmul(mean.unsqueeze(1), ofInputs.unsqueeze(0));
        const at::Tensor right = products - at::matmul(mean.unsqueeze(1), ofRows.unsqueeze(0));
        const at::Tensor diagonal = matrix.diagonal();
        const double most = diagonal.max().item<double>();
        if (most <= 0)
            return at::zeros({ right.size(0), right.size(1) }, at::kFloat); // inputs that say nothing
        diagonal.mul_(1 + ridge).add_(1e-9 * most);
        return linalg::solve(matrix, right).to(at::kFloat).contiguous();
    }
};

} // namespace

RowPredictor RowPredictor::learn(
    const std::vector<at::Tensor>& inputs, const std::vector<at::Tensor>& rows, const JobControl& job)
{
    const auto moments = std::make_shared<Moments>(inputs.front().size(1), rows.front().size(1));
    for (std::size_t i = 0; i < inputs.size(); ++i)
        forEachBlock(rows[i].size(0), blockRows, job, [&](std::int64_t first, std::int64_t count) {
            moments->add(inputs[i].narrow(0, first, count), rows[i].narrow(0, first, count), job);
        });
    const auto found = std::make_shared<RowPredictor>();
    runApart(job, [moments, found] { found->weights = moments->solution(); });
    return *found;
}

at::Tensor RowPredictor::predict(const at::Tensor& inputs, const JobControl& job) const
{
    constexpr std::int64_t products = 200'000'000; // that take some 10 ms
    const std::int64_t rows
        = std::clamp<std::int64_t>(products / std::max<std::int64_t>(1, weights.numel()), 16, blockRows);
    const at::Tensor out = at::empty({ inputs.size(0), weights.size(1) }, at::kFloat);
    forEachBlock(inputs.size(0), rows, job, [&](std::int64_t first, std::int64_t count) {
        at::Tensor place = out.narrow(0, first, count);
        at::mm_out(place, inputs.narrow(0, first, count), weights);
    });
    return out;
}

void RowPredictor::write(const std::string& side, SectionSet& out) const
{
    const at::Tensor scales = weights.abs().amax(0).clamp_min(1e-30);
    out.add(side + ".prediction_scales", tensorToBytes(scales, DType::F32));
    out.add(side + ".prediction", tensorToBytes(weights / scales, DType::F16));
}

RowPredictor RowPredictor::read(
    const SectionSet& sections, const std::string& side, std::int64_t inputs, std::int64_t width)
{
    const auto count = static_cast<std::size_t>(inputs * width);
    const at::Tensor scales = tensorFromBytes(
        sections.get(side + ".prediction_scales", 4 * static_cast<std::size_t>(width)), DType::F32, { width });
    RowPredictor found { tensorFromBytes(sections.get(side + ".prediction", 2 * count), DType::F16, { inputs, width })
                             .to(at::kFloat)
                             .mul_(scales) };
    if (!at::isfinite(found.weights).all().item<bool>())
        throw inputError("the calibration's predictor holds what is no number");
    return found;
}

} // namespace pikv
