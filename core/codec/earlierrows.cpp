// SPDX-License-Identifier: GPL-3.0-or-later
// Decoded layers by their numbers, and what is alike in them for a later one.
#include "core/codec/earlierrows.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <utility>

namespace pikv {

void EarlierRows::add(int layer, std::int64_t sequence, const at::Tensor& positions, std::array<at::Tensor, 2> sides)
{
    m_rows.erase(m_rows.begin(), m_rows.lower_bound(layer + 1 - depth));
    m_rows[layer][sequence] = { positions.cpu(), std::move(sides) };
}

at::Tensor EarlierRows::before(
    int layer, std::int64_t sequence, const at::Tensor& positions, std::int64_t batch, const JobControl& job) const
{
    const std::int64_t rows = batch * positions.size(0);
    const at::Tensor own = positions.cpu();
    std::vector<at::Tensor> parts;
    for (int from = layer - 1; from >= std::max(0, layer - depth); --from) {
        const auto known = m_rows.find(from);
        const Rows* found = nullptr;
        if (known != m_rows.end())
            if (const auto it = known->second.find(sequence); it != known->second.end())
                found = &it->second;
        const bool isAlike = found && found->sides[0].size(0) == rows && at::equal(found->positions, own);
        const LayerShape& shape = m_shapes.at(static_cast<std::size_t>(from));
        for (const std::size_t side : { 0, 1 })
            parts.push_back(isAlike
                    ? found->sides[side]
                    : at::zeros({ rows, shape.kvHeads * (side == 0 ? shape.keyDim : shape.valueDim) }, at::kFloat));
    }
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
