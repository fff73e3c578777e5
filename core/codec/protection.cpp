// SPDX-License-Identifier: GPL-3.0-or-later
// The rows that are kept beside a method, cut off before encode and put back after decode.
#include "core/codec/protection.h"
#include "core/base/half.h"
#include "core/cache/torchdtype.h"
#include "core/codec/tensorbytes.h"
#include <algorithm>

namespace pikv {
namespace {

/// Protected rows are stored at 16 bits: in the dump's own type where that is one, else as f16; in f32 where f16 does
/// not reach so far.
DType protectedType(DType dtype) { return dtype == DType::BF16 ? DType::BF16 : DType::F16; }

Bytes protectedRows(const at::Tensor& kept, DType dtype)
{
    const bool isWide = dtypeSize(dtype) > 2 && kept.numel() > 0 && kept.abs().max().item<double>() > largestHalf;
    return tensorToBytes(kept, isWide ? DType::F32 : protectedType(dtype));
}

void putProtected(ByteSpan bytes, DType dtype, const at::Tensor& rows)
{
    const bool isWide = dtypeSize(dtype) > 2 && rows.numel() > 0
        && bytes.size() == static_cast<std::size_t>(rows.numel()) * sizeof(float);
    rows.copy_(tensorFromBytes(bytes, isWide ? DType::F32 : protectedType(dtype), rows.sizes().vec()));
}

/// Calls visit(section, first row, rows) for both ends of `side`, "k" or "v", that have any.
template <typename Visit>
void eachEnd(const Protection& p, const std::string& side, Visit visit)
{
    if (p.first > 0)
        visit(side + ".sinks", std::int64_t(0), p.first);
    if (p.last > 0)
        visit(side + ".recent", p.seq - p.last, p.last);
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
        output.sections, output.global, shared, { middleRows(whole.key), middleRows(whole.value), {}, {} }, {},
        output.earlier, output.sequence };
}

void Protection::write(const LayerInput& input, SectionSet& out) const
{
    const auto writeSide = [&](const std::string& side, const at::Tensor& rows, DType dtype) {
        eachEnd(*this, side, [&](std::string section, std::int64_t from, std::int64_t count) {
            out.add(std::move(section), protectedRows(rows.narrow(2, from, count).contiguous(), dtype));
        });
    };
    writeSide("k", input.kv.key, input.shape.keyDtype);
    writeSide("v", input.kv.value, input.shape.valueDtype);
}

void Protection::read(const LayerOutput& output, const LayerKv& whole) const
{
    const auto readSide = [&](const std::string& side, const at::Tensor& rows, DType dtype) {
        eachEnd(*this, side, [&](const std::string& section, std::int64_t from, std::int64_t count) {
            putProtected(output.sections.get(section), dtype, rows.narrow(2, from, count));
        });
    };
    readSide("k", whole.key, output.shape.keyDtype);
    readSide("v", whole.value, output.shape.valueDtype);
}

} // namespace pikv
