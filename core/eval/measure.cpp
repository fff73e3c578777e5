// SPDX-License-Identifier: GPL-3.0-or-later
// Compares a decoded layer with the dump's, head by head, and leaves out what is not finite.
#include "core/eval/measure.h"
#include "core/base/nonfinite.h"
#include "core/cache/torchdtype.h"
#include "core/codec/parts/planes.h"
#include "core/eval/attention.h"
#include <ATen/ops/isfinite.h>

namespace pikv {
namespace {

/// `tensor` on the CPU with zeros for what is not finite, and for `padding` [batch, 1, seq, 1] (or undefined); `valid`
/// says where, if anywhere.
at::Tensor cleaned(at::Tensor& tensor, const at::Tensor& padding, at::Tensor& valid, std::int64_t& nonFinite)
{
    at::Tensor original = tensor.cpu().contiguous();
    if (padding.defined()) {
        original = original.masked_fill(padding, 0.0);
        tensor = tensor.masked_fill(padding.to(tensor.device()), 0.0);
        valid = padding.logical_not().to(at::kByte).expand(original.sizes()).contiguous();
    }
    const NonFiniteCount count
        = countNonFinite(asBytes(original.data_ptr(), original.nbytes()), dtypeOf(original.scalar_type()));
    if (count.nan + count.infinite == 0)
        return original;
    nonFinite += count.nan + count.infinite;
    const at::Tensor finite = at::isfinite(original);
    const at::Tensor counted = finite.to(at::kByte).contiguous();
    valid = valid.defined() ? valid.mul(counted) : counted;
    tensor = tensor.masked_fill(finite.logical_not().to(tensor.device()), 0.0);
    return original.masked_fill(finite.logical_not(), 0.0);
}

/// One head in floats, [seq, dim]: made plane by plane, so that a long layer is never held in floats as a whole.
at::Tensor headFloats(const at::Tensor& tensor, std::int64_t b, std::int64_t h)
{
    return tensor.select(0, b).select(0, h).to(at::kFloat).contiguous();
}

ErrorSums compareTensors(const at::Tensor& original, const at::Tensor& decoded, const std::uint8_t* valid)
{
    return compareRows(
        original.data_ptr<float>(), decoded.data_ptr<float>(), valid, original.size(0), original.size(1));
}

/// K or V of one head, before and after.
struct Plane {
    at::Tensor original, decoded;
    const std::uint8_t* valid = nullptr;

    Plane(const at::Tensor& reference, const at::Tensor& other, const at::Tensor& mask, std::int64_t b, std::int64_t h)
        : original(headFloats(reference, b, h))
        , decoded(headFloats(other, b, h))
    {
        if (mask.defined())
            valid = mask.data_ptr<std::uint8_t>() + (b * reference.size(1) + h) * original.numel();
    }
    ErrorSums sums() const { return compareTensors(original, decoded, valid); }
};

/// Everything attention needs, on the CPU: small queries against one head at a time. Padding is neither seen nor asks.
struct AttentionCheck {
    std::vector<AttentionQueries> queries; ///< of every sequence, [1, query_heads, queries, key_dim]
    at::Tensor keyPositions, keep, visible;
    std::int64_t group = 1;

    AttentionCheck(const LayerReference& reference, const LayerInput& input, const LayerKv& decoded)
        : keyPositions(input.positions.cpu())
        , keep(decoded.keep.defined() ? decoded.keep.cpu() : decoded.keep)
        , visible(reference.visible)
    {
        const at::Tensor positions = input.queryPositions.defined() ? input.queryPositions.cpu() : at::Tensor();
        for (std::int64_t b = 0; b < reference.key.size(0); ++b)
            queries.push_back(seeing(queriesOf(b, reference, input.kv.query, positions), positions));
        group = queries.front().query.size(1) / reference.key.size(1);
    }

    /// Keys that stand in for queries ask from where these do, if there is such a place (cross-attention).
    static AttentionQueries seeing(AttentionQueries asked, const at::Tensor& positions)
    {
        if (!asked.fromDump && positions.defined())
            asked.positions = positions.narrow(0, 0, 1).expand({ asked.query.size(2) });
        return asked;
    }

    AttentionQueries queriesOf(
        std::int64_t b, const LayerReference& reference, const at::Tensor& query, const at::Tensor& positions) const
    {
        const auto item = [b](const at::Tensor& x) { return x.defined() ? x.narrow(0, b, 1) : x; };
        LayerKv one { item(reference.key), item(reference.value), query.defined() ? item(query).cpu() : query, {} };
        if (!visible.defined())
            return attentionQueries(one, positions, keyPositions);
        const at::Tensor rows = visible[b].nonzero().squeeze(1);
        const at::Tensor tokens = keyPositions.index_select(0, rows);
        one.key = one.key.index_select(2, rows);
        at::Tensor asking = positions;
        if (one.query.defined() && positions.defined()) {
            const at::Tensor isToken
                = positions.unsqueeze(1)
                      .eq(tokens.unsqueeze(0))
                      .any(1)
                      .logical_or(
                          positions.gt(keyPositions.max())); // behind all rows, so that it is none of the padding
            const at::Tensor index = isToken.nonzero().squeeze(1);
            one.query = one.query.index_select(2, index);
            asking = positions.index_select(0, index);
        }
        return attentionQueries(one, asking, tokens);
    }

    void compare(std::int64_t b, std::int64_t h, const Plane& keys, const Plane& values, QualitySums& sums) const
    {
        const AttentionQueries& asked = queries[static_cast<std::size_t>(b)];
        const at::Tensor query = asked.query.select(0, 0).narrow(0, h * group, group);
        const at::Tensor tokens = visible.defined() ? visible[b] : at::Tensor();
        at::Tensor kept = keep.defined() ? keep.select(0, b).select(0, h) : tokens;
        if (keep.defined() && tokens.defined())
            kept = kept.logical_and(tokens);
        const auto output = [&](const at::Tensor& key, const at::Tensor& value, const at::Tensor& mask) {
            return attentionOutput(query, asked.positions, key, value, keyPositions, mask).contiguous();
        };
        const ErrorSums e = compareTensors(
            output(keys.original, values.original, tokens), output(keys.decoded, values.decoded, kept), nullptr);
        sums.attentionError += e.errorEnergy;
        sums.attentionSignal += e.signalEnergy;
        sums.attention = true;
    }
};

} // namespace

LayerReference makeReference(LayerKv& kv, const at::Tensor& visible)
{
    LayerReference reference;
    reference.visible = visible;
    const at::Tensor padding = visible.defined() ? visible.logical_not().unsqueeze(1).unsqueeze(3) : at::Tensor();
    reference.key = cleaned(kv.key, padding, reference.keyValid, reference.nonFinite);
    reference.value = cleaned(kv.value, padding, reference.valueValid, reference.nonFinite);
    return reference;
}

std::vector<QualitySums> measureLayer(
    const LayerReference& reference, const LayerInput& input, const LayerKv& decoded, const JobControl& job)
{
    const at::Tensor key = decoded.key.cpu(), value = decoded.value.cpu();
    const AttentionCheck attention(reference, input, decoded);
    const std::int64_t heads = reference.key.size(1);
    std::vector<QualitySums> planes(static_cast<std::size_t>(reference.key.size(0) * heads));
    forEachPlane(c10::kCPU, static_cast<std::int64_t>(planes.size()), job, [&](std::int64_t i) {
        const std::int64_t b = i / heads, h = i % heads;
        const Plane keys(reference.key, key, reference.keyValid, b, h);
        const Plane values(reference.value, value, reference.valueValid, b, h);
        QualitySums& sums = planes[static_cast<std::size_t>(i)];
        sums.key = keys.sums();
        sums.value = values.sums();
        attention.compare(b, h, keys, values, sums);
    });
    std::vector<QualitySums> byHead(static_cast<std::size_t>(heads));
    for (std::size_t i = 0; i < planes.size(); ++i)
        byHead[i % byHead.size()].add(planes[i]);
    return byHead;
}

} // namespace pikv
