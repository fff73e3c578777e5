// SPDX-License-Identifier: GPL-3.0-or-later
// Normal equations in f64, summed over blocks of rows, and a ridge that rows which were held out choose.
#include "core/codec/parts/rowpredictor.h"
#include "core/base/error.h"
#include "core/codec/parts/planes.h"
#include "core/codec/tensorbytes.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <algorithm>
#include <array>
#include <memory>

namespace pikv {
namespace {

constexpr std::int64_t blockRows = 256, blockInputs = 256, fewRows = 32;
/// Shares of every input's variance that are added to it: the more there is to fit by chance, the more is wanted. The
/// least keeps the equations solvable where inputs are alike, the last leaves nothing of the prediction.
constexpr std::array ridges { 1e-3, 1e-2, 0.1, 1.0, 10.0, 1e6 };
/// One cache of so many, or of one alone one block of rows, tells which ridge is the best.
constexpr std::size_t heldOut = 4;

/// Sums over rows of [x, 1]ᵀ[x, 1] and [x, 1]ᵀ y, without the ones being stored.
struct Moments {
    double count = 0;
    at::Tensor ofInputs, ofRows, squares, products, rowSquares;

    Moments(std::int64_t inputs, std::int64_t width)
        : ofInputs(at::zeros({ inputs }, at::kDouble))
        , ofRows(at::zeros({ width }, at::kDouble))
        , squares(at::zeros({ inputs, inputs }, at::kDouble))
        , products(at::zeros({ inputs, width }, at::kDouble))
        , rowSquares(at::zeros({ width }, at::kDouble))
    {
    }
    void add(const at::Tensor& x, const at::Tensor& y, const JobControl& job)
    {
        count += static_cast<double>(x.size(0));
        ofInputs += x.sum(0, false, at::kDouble);
        ofRows += y.sum(0, false, at::kDouble);
        rowSquares += y.to(at::kDouble).pow(2).sum(0);
        forEachBlock(x.size(1), blockInputs, job, [&](std::int64_t first, std::int64_t some) {
            const at::Tensor part = x.narrow(1, first, some).t();
            squares.narrow(0, first, some).add_(at::mm(part, x)); // of a block in f32
            products.narrow(0, first, some).add_(at::mm(part, y));
        });
    }
    Moments& operator+=(const Moments& other)
    {
        count += other.count;
        ofInputs += other.ofInputs;
        ofRows += other.ofRows;
        squares += other.squares;
        products += other.products;
        rowSquares += other.rowSquares;
        return *this;
    }
    /// f64 [inputs, width].
    at::Tensor solution(double ridge) const
    {
        const at::Tensor mean = ofInputs / count;
        const at::Tensor matrix = squares - outer(mean, ofInputs), right = products - outer(mean, ofRows);
        const at::Tensor diagonal = matrix.diagonal();
        const double most = diagonal.max().item<double>();
        if (most <= 0)
            return at::zeros_like(right); // inputs that say nothing
        diagonal.mul_(1 + ridge).add_(1e-9 * most);
        return linalg::solve(matrix, right);
    }
    /// What predictions by `weights` around the means of others miss of these rows, over what the means miss.
    double missed(const at::Tensor& weights, const Moments& others) const
    {
        const at::Tensor x = others.ofInputs / others.count, y = others.ofRows / others.count;
        const at::Tensor xx = squares - outer(x, ofInputs) - outer(ofInputs, x) + count * outer(x, x);
        const at::Tensor xy = products - outer(x, ofRows) - outer(ofInputs, y) + count * outer(x, y);
        const at::Tensor yy = (rowSquares - 2 * y * ofRows + count * y * y).clamp_min(1e-30);
        const at::Tensor left = yy - 2 * (weights * xy).sum(0) + (weights * at::matmul(xx, weights)).sum(0);
        return (left / yy).mean().item<double>();
    }

private:
    static at::Tensor outer(const at::Tensor& a, const at::Tensor& b) { return a.unsqueeze(1) * b.unsqueeze(0); }
};

} // namespace

RowPredictor RowPredictor::learn(
    const std::vector<at::Tensor>& inputs, const std::vector<at::Tensor>& rows, const JobControl& job)
{
    const std::int64_t from = inputs.front().size(1), width = rows.front().size(1);
    const auto fitted = std::make_shared<Moments>(from, width), held = std::make_shared<Moments>(from, width);
    std::size_t blocks = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i)
        forEachBlock(
            rows[i].size(0), inputs.size() > 1 ? blockRows : fewRows, job, [&](std::int64_t first, std::int64_t count) {
                const std::size_t part = inputs.size() > 1 ? i : blocks++;
                (part % heldOut == 1 ? *held : *fitted)
                    .add(inputs[i].narrow(0, first, count), rows[i].narrow(0, first, count), job);
            });
    const auto found = std::make_shared<RowPredictor>();
    runApart(job, [fitted, held, found] {
        double ridge = ridges.back();
        if (fitted->count > 0 && held->count > 0) {
            double least = 1e300;
            for (const double one : ridges)
                if (const double missed = held->missed(fitted->solution(one), *fitted); missed < least) {
                    least = missed;
                    ridge = one;
                }
        }
        *fitted += *held;
        found->weights = fitted->solution(ridge).to(at::kFloat).contiguous();
    });
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
    RowPredictor found {
        floatsFromBytes(sections.get(side + ".prediction", 2 * count), DType::F16, { inputs, width }).mul_(scales)
    };
    if (!isAllFinite(found.weights))
        throw inputError("the calibration's predictor holds what is no number");
    return found;
}

} // namespace pikv
