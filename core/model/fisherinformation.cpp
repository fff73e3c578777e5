// SPDX-License-Identifier: GPL-3.0-or-later
// Gradients of sampled next tokens with respect to a cache, layer by layer.
#include "core/model/fisherinformation.h"
#include "core/base/error.h"
#include "core/cache/crossattention.h"
#include "core/cache/rope.h"
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/multinomial.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <span>

namespace pikv {
namespace {

/// Keys and values of the rows before the predicted ones, as leaves of the graph.
struct Leaves {
    std::vector<at::Tensor> keys, values; ///< f32 [kv_heads, rows, dim]

    Leaves(const KvCache& cache, std::int64_t rows, const JobControl& job)
    {
        for (int i = 0; i < cache.layerCount(); ++i) {
            job.checkpoint();
            const LayerKv kv = cache.layer(i);
            const auto leaf = [rows](const at::Tensor& x) {
                at::Tensor own = x[0].narrow(1, 0, rows).to(at::kCPU, at::kFloat, false, true).contiguous();
                own.requires_grad_(true);
                return own;
            };
            keys.push_back(leaf(kv.key));
            values.push_back(leaf(kv.value));
        }
    }
    void clearGradients()
    {
        for (auto* side : { &keys, &values })
            for (at::Tensor& x : *side)
                x.mutable_grad() = at::Tensor();
    }
};

/// [kv_heads, rows, dim] to f64 [rows, kv_heads * dim].
at::Tensor rowsOf(const at::Tensor& heads)
{
    return heads.transpose(0, 1).reshape({ heads.size(1), -1 }).to(at::kDouble);
}

at::Tensor logitsAgainst(const Llama& llama, const Leaves& leaves, std::int64_t first,
    std::span<const std::int64_t> tokens, const JobControl& job)
{
    Pass pass;
    pass.tokens = tokens;
    pass.first = first;
    pass.attend = [&](int layer, const at::Tensor& key, const at::Tensor& value) {
        const auto i = static_cast<std::size_t>(layer);
        return Attended { at::cat({ leaves.keys[i], key }, 1), at::cat({ leaves.values[i], value }, 1), {} };
    };
    return llama.logits(llama.forward(pass, job));
}

} // namespace

std::string gradientObstacle(const CacheInfo& info, const FisherRequest& request)
{
    if (std::string reason = nextTokenObstacle(info); !reason.empty())
        return reason;
    if (static_cast<std::int64_t>(info.tokenIds.size()) != info.seq())
        return "gradients need a token id for each row; the dump has " + std::to_string(info.tokenIds.size()) + " for "
            + std::to_string(info.seq()) + " rows";
    if (request.predict < 1 || info.seq() <= request.predict + request.sinks)
        return "gradients need more than " + std::to_string(std::max<std::int64_t>(1, request.predict) + request.sinks)
            + " tokens; the dump has " + std::to_string(info.seq());
    if (request.undoesRope && !info.rope.invertible())
        return "the dump does not say how its keys are rotated";
    return {};
}

std::string gradientObstacle(const LanguageModel& model, const CacheInfo& info, const FisherRequest& request)
{
    std::string reason = modelMismatch(info, model);
    return reason.empty() ? gradientObstacle(info, request) : reason;
}

void LayerFisher::average(const LayerFisher& other, int caches)
{
    for (auto side : { &LayerFisher::key, &LayerFisher::value }) {
        (this->*side).metric.mul_(caches).add_((other.*side).metric).div_(caches + 1);
        for (std::size_t i = 0; i < distances; ++i) {
            (this->*side).squares[i] += (other.*side).squares[i];
            (this->*side).rows[i] += (other.*side).rows[i];
        }
        (this->*side).rowSquares.clear();
    }
}

std::vector<LayerFisher> fisherInformation(
    const LanguageModel& model, const KvCache& cache, const FisherRequest& request, const JobControl& job)
{
    if (const std::string obstacle = gradientObstacle(model, cache.info(), request); !obstacle.empty())
        throw usageError(obstacle);
    const at::AutoGradMode gradients(true);
    const CacheInfo& info = cache.info();
    const std::int64_t rows = info.seq() - request.predict;
    Leaves leaves(cache, rows, job);
    // Backward passes take about a second: polled whenever a layer's gradient is there.
    for (at::Tensor& key : leaves.keys)
        key.register_hook([&job](const at::Tensor&) { job.checkpoint(); });
    const std::span tokens(info.tokenIds.data() + rows, static_cast<std::size_t>(request.predict));
    const at::Tensor logits = logitsAgainst(model.llama(), leaves, rows, tokens, job);
    at::Generator generator = at::detail::createCPUGenerator(request.seed);
    std::vector<LayerFisher> out(leaves.keys.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto square = [](const at::Tensor& x) {
            const std::int64_t width = x.size(0) * x.size(2);
            return at::zeros({ width, width }, at::kDouble);
        };
        out[i].key.metric = square(leaves.keys[i]);
        out[i].value.metric = square(leaves.values[i]);
        for (LayerFisher::Side* side : { &out[i].key, &out[i].value })
            side->rowSquares.assign(static_cast<std::size_t>(rows), 0);
    }
    const RopeTable turn
        = request.undoesRope ? ropeTable(at::arange(rows), info.rope, info.layers.front().keyDim) : RopeTable {};
    const at::Tensor probabilities = at::softmax(logits.detach(), -1);
    const double perMean = double(request.samples) * double(request.predict) * double(rows - request.sinks);
    for (int sample = 0; sample < request.samples; ++sample) {
        job.report({ "Taking gradients", sample + 1, request.samples });
        const at::Tensor labels = at::multinomial(probabilities, 1, true, generator).squeeze(1);
        leaves.clearGradients();
        // Labels of different positions are independent: the gradient of the sum has the sum of their Fisher terms as
        // its expected square.
        at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum).backward({}, sample + 1 < request.samples);
        const at::NoGradGuard noGrad;
        for (std::size_t i = 0; i < out.size(); ++i) {
            job.checkpoint();
            const auto add = [&](const at::Tensor& gradient, LayerFisher::Side& side) {
                const at::Tensor all = rowsOf(gradient), g = all.narrow(0, request.sinks, rows - request.sinks);
                side.metric.add_(at::matmul(g.t(), g), 1 / perMean);
                const at::Tensor squares = all.square().sum(1);
                for (std::int64_t row = 0; row < rows; ++row) {
                    const double square = squares.data_ptr<double>()[row];
                    side.rowSquares[static_cast<std::size_t>(row)] += square;
                    if (row < request.sinks)
                        continue;
                    const std::size_t distance = LayerFisher::distanceClass(rows - 1 - row);
                    side.squares[distance] += square;
                    ++side.rows[distance];
                }
            };
            const at::Tensor keys = leaves.keys[i].grad();
            add(request.undoesRope ? turn.turned(keys, -1) : keys, out[i].key);
            add(leaves.values[i].grad(), out[i].value);
        }
    }
    return out;
}

} // namespace pikv
