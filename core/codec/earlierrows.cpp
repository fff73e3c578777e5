// SPDX-License-Identifier: GPL-3.0-or-later
// Queues of decoded layers, one a sequence.
#include "core/codec/earlierrows.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <utility>

namespace pikv {

void EarlierRows::add(std::int64_t sequence, const at::Tensor& positions, std::array<at::Tensor, 2> sides)
{
    std::deque<Layer>& layers = m_layers[sequence];
    layers.push_front({ positions.cpu(), std::move(sides) });
    if (layers.size() > depth)
        layers.pop_back();
}

at::Tensor EarlierRows::before(
    std::int64_t sequence, const at::Tensor& positions, std::int64_t batch, const JobControl& job) const
{
    const auto found = m_layers.find(sequence);
    if (found == m_layers.end())
        return {};
    const std::int64_t rows = batch * positions.size(0);
    const at::Tensor own = positions.cpu();
    std::vector<at::Tensor> parts;
    for (const Layer& layer : found->second)
        for (const at::Tensor& side : layer.sides)
            parts.push_back(side.size(0) == rows && at::equal(layer.positions, own)
                    ? side
                    : at::zeros({ rows, side.size(1) }, at::kFloat));
    return sideBySide(parts, job);
}

at::Tensor sideBySide(const std::vector<at::Tensor>& parts, const JobControl& job)
{
    constexpr std::int64_t blockRows = 1024;
    std::int64_t rows = 0, width = 0;
    for (const at::Tensor& part : parts)
        if (part.defined()) {
            rows = part.size(0);
            width += part.size(1);
        }
    if (width == 0)
        return {};
    const at::Tensor all = at::empty({ rows, width }, at::kFloat);
    std::int64_t column = 0;
    for (const at::Tensor& part : parts) {
        if (!part.defined())
            continue;
        const at::Tensor place = all.narrow(1, column, part.size(1));
        for (std::int64_t first = 0; first < rows; first += blockRows) {
            job.checkpoint();
            const std::int64_t count = std::min(blockRows, rows - first);
            place.narrow(0, first, count).copy_(part.narrow(0, first, count));
        }
        column += part.size(1);
    }
    return all;
}

} // namespace pikv
