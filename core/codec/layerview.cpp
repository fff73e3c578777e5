// SPDX-License-Identifier: GPL-3.0-or-later
// What encode and decode see of one layer: tensors on the device, positions of its rows, importance.
#include "core/codec/layerview.h"
#include "core/cache/crossattention.h"
#include "core/cache/torchdtype.h"
#include "core/codec/padding.h"
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>

namespace pikv {
namespace {
at::Tensor indexTensor(const std::int64_t* data, std::int64_t count, c10::Device device)
{
    at::Tensor copy = at::empty({ count }, at::kLong);
    std::copy_n(data, count, copy.data_ptr<std::int64_t>());
    return copy.to(device);
}
}

LayerKv emptyLayer(const LayerShape& s, c10::Device device)
{
    const auto rows = [&](std::int64_t dim, DType dtype) {
        return at::empty({ s.batch, s.kvHeads, s.seq, dim }, at::TensorOptions(torchType(dtype)).device(device));
    };
    return { rows(s.keyDim, s.keyDtype), rows(s.valueDim, s.valueDtype), {}, {} };
}

at::Tensor rowPositions(const std::vector<std::int64_t>& positions, const LayerShape& shape, c10::Device device)
{
    const auto known = static_cast<std::int64_t>(positions.size());
    if (known < shape.seq)
        return at::arange(shape.firstToken, shape.firstToken + shape.seq, at::TensorOptions(at::kLong).device(device));
    return indexTensor(positions.data() + (known - shape.seq), shape.seq, device);
}

LayerInput layerInput(const KvCache& cache, int index, const at::Tensor& importance, c10::Device device)
{
    return layerInput(cache, index, cache.layer(index), importance, device);
}

LayerInput layerInput(const KvCache& cache, int index, LayerKv kv, const at::Tensor& importance, c10::Device device)
{
    const CacheInfo& info = cache.info();
    LayerInput input;
    input.index = cache.sourceLayer(index);
    input.layerCount = cache.sourceLayerCount();
    input.shape = shapeOf(kv);
    input.shape.firstToken = info.layers.at(static_cast<std::size_t>(index)).firstToken;
    input.rope = info.ropeOf(static_cast<std::size_t>(index));
    input.positions = rowPositions(info.positions, input.shape, device);
    input.kv = { kv.key.to(device), kv.value.to(device), kv.query.defined() ? kv.query.to(device) : kv.query, kv.keep };
    input.visible = layerMask(info.visible, input.shape);
    const std::int64_t seq = input.shape.seq;
    if (importance.defined() && importance.size(1) >= seq)
        input.importance = importance.narrow(1, importance.size(1) - seq, seq).to(device);
    if (kv.query.defined())
        input.queryPositions
            = indexTensor(info.queryPositions.data(), static_cast<std::int64_t>(info.queryPositions.size()), device);
    if (isCross(info)) // behind every row, so that they see all; those that stand in for queries as well
        input.queryPositions
            = input.positions.max().add(1).expand({ kv.query.defined() ? kv.query.size(2) : std::int64_t(1) });
    return input;
}

LayerOutput layerOutput(const EncodedHeader& header, int index, int sourceLayer, const SectionSet& sections,
    const SectionSet& global, c10::Device device)
{
    const LayerShape& shape = header.layers.at(static_cast<std::size_t>(index));
    return { sourceLayer, shape, header.ropeOf(static_cast<std::size_t>(index)),
        rowPositions(header.positions, shape, device), sections, global, nullptr, {},
        layerMask(header.visible, shape) };
}

std::shared_ptr<KvCache> decodedCache(const EncodedHeader& header, std::vector<LayerKv> layers)
{
    CacheInfo info;
    info.format = "decoded from " + header.spec;
    describe(info, header);
    for (LayerKv& kv : layers)
        kv = { kv.key.cpu(), kv.value.cpu(), {}, kv.keep.defined() ? kv.keep.cpu() : kv.keep };
    return std::make_shared<MemoryCache>(std::move(info), std::move(layers));
}

} // namespace pikv
