// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/kvbuffer.h"
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>

namespace pikv {

KvBuffer::KvBuffer(const ModelConfig& config, std::int64_t capacity)
{
    for (std::int64_t i = 0; i < config.layers; ++i) {
        const auto room = [&] { return at::empty({ config.kvHeads, capacity, config.headDim }, at::kFloat); };
        m_layers.push_back({ room(), room(), {}, 0 });
    }
}

std::uint64_t KvBuffer::bytesNeeded(const ModelConfig& config, std::int64_t capacity)
{
    return static_cast<std::uint64_t>(config.layers * config.kvHeads * config.headDim * capacity) * 2 * sizeof(float);
}

void KvBuffer::load(int layer, const LayerKv& kv, std::int64_t rows)
{
    Layer& target = m_layers.at(static_cast<std::size_t>(layer));
    target.key.narrow(1, 0, rows).copy_(kv.key[0].narrow(1, 0, rows));
    target.value.narrow(1, 0, rows).copy_(kv.value[0].narrow(1, 0, rows));
    if (kv.keep.defined()) {
        target.keep = at::ones({ target.key.size(0), target.key.size(1) }, at::kBool);
        target.keep.narrow(1, 0, rows).copy_(kv.keep[0].narrow(1, 0, rows));
    }
    target.rows = rows;
}

Attended KvBuffer::append(int layer, const at::Tensor& key, const at::Tensor& value)
{
    Layer& target = m_layers.at(static_cast<std::size_t>(layer));
    const std::int64_t added = key.size(1);
    target.key.narrow(1, target.rows, added).copy_(key);
    target.value.narrow(1, target.rows, added).copy_(value);
    target.rows += added;
    return { target.key.narrow(1, 0, target.rows), target.value.narrow(1, 0, target.rows),
        target.keep.defined() ? target.keep.narrow(1, 0, target.rows) : at::Tensor() };
}

LayerKv KvBuffer::layer(int index, at::ScalarType dtype) const
{
    const Layer& source = m_layers.at(static_cast<std::size_t>(index));
    const auto taken
        = [&](const at::Tensor& x) { return x.narrow(1, 0, source.rows).unsqueeze(0).to(dtype).contiguous().clone(); };
    return { taken(source.key), taken(source.value), {}, {} };
}

} // namespace pikv
