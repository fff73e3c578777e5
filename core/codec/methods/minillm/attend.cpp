// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/methods/minillm/attend.h"
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

namespace pikv {
namespace {

using torch::autograd::AutogradContext, torch::autograd::Variable, torch::autograd::variable_list;

/// The kernel and its gradient as one node of autograd's graph: as several operations they would take longer than all
/// the rest of a training step.
struct Attend : torch::autograd::Function<Attend> {
    static Variable forward(AutogradContext* context, const Variable& params, const at::Tensor& codes,
        const at::Tensor& reach, const CodeAttention& attention)
    {
        const std::int64_t n = codes.size(0), rank = codes.size(1);
        const at::Tensor delta = at::empty_like(codes), weights = at::empty({ n, attention.window() }, codes.options()),
                         mix = at::empty({ n, rank }, codes.options());
        const CodeAttention::Trace trace { weights.data_ptr<float>(), mix.data_ptr<float>() };
        attention.forward(codes.data_ptr<float>(), reach.data_ptr<std::uint8_t>(), n, params.data_ptr<float>(),
            delta.data_ptr<float>(), &trace);
        context->save_for_backward({ params, codes, reach, weights, mix });
        return delta;
    }

    static variable_list backward(AutogradContext* context, const variable_list& byOutputs)
    {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &params = saved[0], &codes = saved[1], &reach = saved[2], &weights = saved[3], &mix = saved[4];
        const CodeAttention attention(codes.size(1), weights.size(1));
        const at::Tensor byDelta = byOutputs[0].contiguous(), gradient = at::zeros_like(params);
        attention.backward(codes.data_ptr<float>(), reach.data_ptr<std::uint8_t>(), codes.size(0),
            params.data_ptr<float>(), { weights.data_ptr<float>(), mix.data_ptr<float>() }, byDelta.data_ptr<float>(),
            gradient.data_ptr<float>());
        return { gradient, {}, {}, {} };
    }
};

} // namespace

at::Tensor attend(
    const CodeAttention& attention, const at::Tensor& codes, const at::Tensor& reach, const at::Tensor& params)
{
    if (params.requires_grad() && at::GradMode::is_enabled())
        return Attend::apply(params, codes, reach, attention);
    at::Tensor delta = at::empty_like(codes);
    attention.forward(codes.data_ptr<float>(), reach.data_ptr<std::uint8_t>(), codes.size(0), params.data_ptr<float>(),
        delta.data_ptr<float>(), nullptr);
    return delta;
}

} // namespace pikv
