// SPDX-License-Identifier: GPL-3.0-or-later
// Step classes of rows: planned by place, adapted by the attention that the cache's own queries pay.
#include "core/codec/parts/rowsteps.h"
#include "core/base/error.h"
#include "core/codec/parts/planes.h"
#include "core/kernels/levelstream.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace pikv {
namespace {

constexpr std::int8_t sinkClass = -4; ///< a quarter of the step
constexpr int leastClass = -14;
/// A few queries or samples say less than all that is to come: weights to these powers gave the least KL at equal
/// bytes.
constexpr double ofAttention = 0.4, ofGradients = 0.8;
/// Rows nearer to the end than that are too few to be compared with others as near.
constexpr std::int64_t near = 24;

/// Sums over queries and the heads of one KV head: a² |v - o|² and a², f64 [2, seq].
at::Tensor headWeights(
    const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const at::Tensor& hidden)
{
    // query [group, queries, d], hidden [queries, seq]. In place: all of it has an element a query and row.
    const at::Tensor scores = at::matmul(query, key.t()).div_(std::sqrt(static_cast<double>(key.size(1))));
    const at::Tensor a
        = at::softmax(scores.masked_fill_(hidden, -std::numeric_limits<float>::infinity()), -1).nan_to_num_();
    const at::Tensor output = at::matmul(a, value);
    // |v - o|² = |v|² - 2 v o + |o|²
    const at::Tensor change = at::matmul(output, value.t())
                                  .mul_(-2)
                                  .add_(value.square().sum(1).unsqueeze(0))
                                  .add_(output.square().sum(-1, true))
                                  .clamp_min_(0);
    const at::Tensor square = a.square_();
    at::Tensor out = at::zeros({ 2, key.size(0) }, at::kDouble);
    out[0].copy_(change.mul_(square).sum(std::vector<std::int64_t> { 0, 1 }));
    out[1].copy_(square.sum(std::vector<std::int64_t> { 0, 1 }));
    return out;
}

/// log2, smoothed over neighbours, less the mean of rows as far from the end, times `exponent`.
std::vector<double> relativeLogs(std::span<const double> w, double exponent)
{
    const auto seq = static_cast<std::int64_t>(w.size());
    std::vector<double> logs(static_cast<std::size_t>(seq));
    std::array<double, LayerFisher::distances> sums {}, counts {};
    for (std::int64_t t = 0; t < seq; ++t) {
        const auto at
            = [&](std::int64_t row) { return w[static_cast<std::size_t>(std::clamp<std::int64_t>(row, 0, seq - 1))]; };
        logs[static_cast<std::size_t>(t)]
            = std::log2(std::max(0.25 * at(t - 1) + 0.5 * at(t) + 0.25 * at(t + 1), 1e-30));
        const std::size_t c = LayerFisher::distanceClass(seq - 1 - t);
        sums[c] += logs[static_cast<std::size_t>(t)];
        ++counts[c];
    }
    for (std::int64_t t = 0; t < seq; ++t) {
        const std::size_t c = LayerFisher::distanceClass(seq - 1 - t);
        double& log = logs[static_cast<std::size_t>(t)];
        log = seq - 1 - t < near ? 0 : exponent * (log - sums[c] / counts[c]);
    }
    return logs;
}

} // namespace

std::vector<std::int8_t> plannedClasses(const SideTransform& transform, const at::Tensor& positions, std::int64_t batch)
{
    const std::int64_t seq = positions.numel();
    const at::Tensor at = positions.cpu().contiguous();
    std::vector<std::int8_t> classes;
    for (std::int64_t b = 0; b < batch; ++b)
        for (std::int64_t t = 0; t < seq; ++t) {
            const std::int8_t far = transform.distanceClasses[LayerFisher::distanceClass(seq - 1 - t)];
            classes.push_back(at.data_ptr<std::int64_t>()[t] < sinkTokens ? std::min(far, sinkClass) : far);
        }
    return classes;
}

std::array<std::vector<double>, 2> attentionWeights(const LayerInput& input, const JobControl& job)
{
    std::array<std::vector<double>, 2> out;
    if (!input.kv.query.defined() || !input.queryPositions.defined() || input.kv.query.size(2) == 0)
        return out;
    const auto host = [&](const at::Tensor& x) { // a head after the other: a whole layer takes long
        if (x.is_cpu() && x.scalar_type() == at::kFloat)
            return x;
        const at::Tensor out = at::empty(x.sizes(), at::kFloat);
        forEachBlock(x.size(0) * x.size(1), 1, job, [&](std::int64_t i, std::int64_t) {
            out[i / x.size(1)][i % x.size(1)].copy_(x[i / x.size(1)][i % x.size(1)]);
        });
        return out;
    };
    const at::Tensor query = host(input.kv.query), key = host(input.kv.key), value = host(input.kv.value);
    const std::int64_t group = query.size(1) / key.size(1);
    const at::Tensor hidden = input.queryPositions.cpu().unsqueeze(1).lt(input.positions.cpu().unsqueeze(0));
    for (std::int64_t b = 0; b < key.size(0); ++b) {
        std::vector<at::Tensor> heads(static_cast<std::size_t>(key.size(1)));
        forEachPlane(c10::kCPU, key.size(1), job, [&](std::int64_t h) {
            heads[static_cast<std::size_t>(h)]
                = headWeights(query[b].narrow(0, h * group, group), key[b][h], value[b][h], hidden);
        });
        at::Tensor sums = at::zeros({ 2, key.size(2) }, at::kDouble);
        for (const at::Tensor& head : heads)
            sums += head;
        for (std::size_t side = 0; side < 2; ++side) {
            const at::Tensor own = sums[static_cast<std::int64_t>(side)];
            const std::vector<double> logs
                = relativeLogs({ own.data_ptr<double>(), static_cast<std::size_t>(own.numel()) }, ofAttention);
            out[side].insert(out[side].end(), logs.begin(), logs.end());
        }
    }
    return out;
}

std::vector<double> gradientWeights(const LayerFisher::Side& side, const at::Tensor& positions)
{
    const std::vector<double> all = relativeLogs(side.rowSquares, ofGradients);
    std::vector<double> weights;
    const at::Tensor at = positions.cpu().contiguous();
    for (std::int64_t i = 0; i < at.numel() && !all.empty(); ++i) {
        const auto row = static_cast<std::size_t>(at.data_ptr<std::int64_t>()[i]);
        weights.push_back(row < all.size() ? all[row] : 0);
    }
    return weights;
}

std::vector<std::int8_t> adaptedClasses(const std::vector<std::int8_t>& planned, const std::vector<double>& weights)
{
    std::vector<std::int8_t> classes = planned;
    for (std::size_t i = 0; i < classes.size(); ++i)
        classes[i] = static_cast<std::int8_t>(
            std::clamp<long>(std::lround(planned[i] - weights[i]), leastClass, largestClass));
    return classes;
}

namespace {

/// The deviations as a stream of one component.
struct DeviationLayout {
    std::vector<std::int8_t> flat;
    std::int16_t size = 0;
    explicit DeviationLayout(std::size_t rows)
        : flat(rows, 0)
    {
    }
    LevelLayout layout() const { return { 1, { &size, 1 }, flat }; }
};

} // namespace

Bytes packDeviations(
    const std::vector<std::int8_t>& planned, const std::vector<std::int8_t>& classes, const JobControl& job)
{
    std::vector<std::int16_t> levels(planned.size());
    for (std::size_t i = 0; i < levels.size(); ++i)
        levels[i] = static_cast<std::int16_t>(classes[i] - planned[i]);
    Bytes out;
    encodeLevels(DeviationLayout(levels.size()).layout(), levels.data(), out, job);
    return out;
}

std::vector<std::int8_t> unpackDeviations(
    const std::vector<std::int8_t>& planned, ByteSpan bytes, const JobControl& job)
{
    std::vector<std::int16_t> levels(planned.size());
    const DeviationLayout layout(levels.size());
    decodeLevels({ layout.layout(), bytes, levels.data() }, job);
    std::vector<std::int8_t> classes(planned.size());
    for (std::size_t i = 0; i < levels.size(); ++i) {
        const int value = planned[i] + levels[i];
        if (value < leastClass || value > largestClass)
            throw inputError("a row's step is outside what there is");
        classes[i] = static_cast<std::int8_t>(value);
    }
    return classes;
}

} // namespace pikv
