// SPDX-License-Identifier: GPL-3.0-or-later
// The rows that are kept beside a method, cut off before encode and put back after decode.
#include "core/codec/protection.h"
#include "core/base/half.h"
#include "core/cache/torchdtype.h"
#include "core/codec/tensorbytes.h"
#include <ATen/ops/cat.h>
#include <algorithm>

namespace pikv {
namespace {

/// Protected rows are stored at 16 bits: in the dump's own type where that is one, else as f16; in f32 where f16 does
/// not reach so far.
DType protectedType(DType dtype) { return dtype == DType::BF16 ? DType::BF16 : DType::F16; }

Bytes protectedRows(const Protection& p, const at::Tensor& rows, DType dtype)
{
    const at::Tensor kept = at::cat({ rows.narrow(2, 0, p.first), rows.narrow(2, p.seq - p.last, p.last) }, 2);
    const bool isWide = dtypeSize(dtype) > 2 && kept.numel() > 0 && kept.abs().max().item<double>() > largestHalf;
    return tensorToBytes(kept, isWide ? DType::F32 : protectedType(dtype));
}

void putProtected(const Protection& p, ByteSpan bytes, DType dtype, const at::Tensor& rows)
{
    const std::int64_t count = rows.size(0) * rows.size(1) * (p.first + p.last) * rows.size(3);
    const bool isWide = dtypeSize(dtype) > 2 && count > 0 && bytes.size() == static_cast<std::size_t>(count) * 4;
    const at::Tensor kept = tensorFromBytes(bytes, isWide ? DType::F32 : protectedType(dtype),
        { rows.size(0), rows.size(1), p.first + p.last, rows.size(3) });
    rows.narrow(2, 0, p.first).copy_(kept.narrow(2, 0, p.first));
    rows.narrow(2, p.seq - p.last, p.last).copy_(kept.narrow(2, p.first, p.last));
}

} // namespace

Protection::Protection(const ParamSet& params, const LayerShape& shape)
    : seq(shape.seq)
{
    first = std::clamp<std::int64_t>(params.integer("sinks") - shape.firstToken, 0, seq);
    last = std::min(params.integer("recent"), seq - first);
}

LayerShape Protection::middleShape(LayerShape shape) const
{
    shape.seq = middle();
    shape.firstToken += first;
    return shape;
}

LayerInput Protection::middleInput(const LayerInput& input) const
{
    if (!any())
        return input;
    LayerInput inner = input;
    inner.shape = middleShape(input.shape);
    inner.kv.key = middleRows(input.kv.key);
    inner.kv.value = middleRows(input.kv.value);
    inner.positions = input.positions.narrow(0, first, middle());
    if (input.importance.defined())
        inner.importance = input.importance.narrow(1, first, middle());
    return inner;
}

LayerOutput Protection::middleOutput(const LayerOutput& output, const LayerKv& whole, const SectionSet* shared) const
{
    return { output.index, middleShape(output.shape), output.rope, output.positions.narrow(0, first, middle()),
        output.sections, output.global, shared, { middleRows(whole.key), middleRows(whole.value), {}, {} } };
}

void Protection::write(const LayerInput& input, SectionSet& out) const
{
    out.add("protected.k", protectedRows(*this, input.kv.key, input.shape.keyDtype));
    out.add("protected.v", protectedRows(*this, input.kv.value, input.shape.valueDtype));
}

void Protection::read(const LayerOutput& output, const LayerKv& whole) const
{
    putProtected(*this, output.sections.get("protected.k"), output.shape.keyDtype, whole.key);
    putProtected(*this, output.sections.get("protected.v"), output.shape.valueDtype, whole.value);
}

} // namespace pikv
