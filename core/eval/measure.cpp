// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/measure.h"
#include "core/eval/attention.h"
#include <ATen/Parallel.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/zeros_like.h>

namespace pikv {
namespace {

at::Tensor cleaned(at::Tensor& tensor, at::Tensor& valid, std::int64_t& nonFinite)
{
    at::Tensor floats = tensor.cpu().to(at::kFloat).contiguous();
    // One sum finds a NaN or an infinity; a finite overflow of the sum only costs the slower look.
    if (std::isfinite(floats.sum().item<float>()))
        return floats;
    const at::Tensor finite = at::isfinite(floats);
    const std::int64_t bad = floats.numel() - finite.sum().item<std::int64_t>();
    if (bad == 0)
        return floats;
    nonFinite += bad;
    valid = finite.to(at::kByte).contiguous();
    floats = floats.masked_fill(finite.logical_not(), 0.0);
    tensor = tensor.masked_fill(finite.logical_not().to(tensor.device()), 0.0);
    return floats;
}

struct Planes {
    std::int64_t batch, heads, seq, dim;
    const float *original, *decoded;
    const std::uint8_t* valid;

    Planes(const at::Tensor& reference, const at::Tensor& other, const at::Tensor& mask)
        : batch(reference.size(0))
        , heads(reference.size(1))
        , seq(reference.size(2))
        , dim(reference.size(3))
        , original(reference.data_ptr<float>())
        , decoded(other.data_ptr<float>())
        , valid(mask.defined() ? mask.data_ptr<std::uint8_t>() : nullptr)
    {
    }
    ErrorSums compare(std::int64_t b, std::int64_t h) const
    {
        const std::int64_t at = (b * heads + h) * seq * dim;
        return compareRows(original + at, decoded + at, valid ? valid + at : nullptr, seq, dim);
    }
};

/// Everything attention needs, on the CPU: small queries against one head at a time.
struct AttentionCheck {
    AttentionQueries queries;
    at::Tensor queryPositions, keyPositions, keep;
    std::int64_t group = 1;

    AttentionCheck(const LayerReference& reference, const LayerInput& input, const LayerKv& decoded)
        : queries(attentionQueries({ reference.key, reference.value, input.kv.query, {} }, input.queryPositions,
            input.positions))
        , queryPositions(queries.positions.cpu())
        , keyPositions(input.positions.cpu())
        , keep(decoded.keep.defined() ? decoded.keep.cpu() : decoded.keep)
        , group(queries.query.size(1) / reference.key.size(1))
    {
        queries.query = queries.query.cpu();
    }
    at::Tensor output(std::int64_t b, std::int64_t h, const at::Tensor& key, const at::Tensor& value, bool masked) const
    {
        return attentionOutput(queries.query.select(0, b).narrow(0, h * group, group), queryPositions,
            key.select(0, b).select(0, h), value.select(0, b).select(0, h), keyPositions,
            masked && keep.defined() ? keep.select(0, b).select(0, h) : at::Tensor());
    }
    void compare(std::int64_t b, std::int64_t h, const LayerReference& reference, const at::Tensor& key,
        const at::Tensor& value, QualitySums& sums) const
    {
        const at::Tensor original = output(b, h, reference.key, reference.value, false).contiguous();
        const at::Tensor other = output(b, h, key, value, true).contiguous();
        const ErrorSums e = compareRows(
            original.data_ptr<float>(), other.data_ptr<float>(), nullptr, original.size(0), original.size(1));
        sums.attentionError += e.errorEnergy;
        sums.attentionSignal += e.signalEnergy;
        sums.attention = true;
    }
};

} // namespace

LayerReference makeReference(LayerKv& kv)
{
    LayerReference reference;
    reference.key = cleaned(kv.key, reference.keyValid, reference.nonFinite);
    reference.value = cleaned(kv.value, reference.valueValid, reference.nonFinite);
    return reference;
}

std::vector<QualitySums> measureLayer(
    const LayerReference& reference, const LayerInput& input, const LayerKv& decoded, const JobControl& job)
{
    const at::Tensor key = decoded.key.cpu().to(at::kFloat).contiguous();
    const at::Tensor value = decoded.value.cpu().to(at::kFloat).contiguous();
    const Planes keys(reference.key, key, reference.keyValid), values(reference.value, value, reference.valueValid);
    const AttentionCheck attention(reference, input, decoded);
    std::vector<QualitySums> planes(static_cast<std::size_t>(keys.batch * keys.heads));
    at::parallel_for(0, keys.batch * keys.heads, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end && !job.stopRequested(); ++i) {
            QualitySums& sums = planes[static_cast<std::size_t>(i)];
            const std::int64_t b = i / keys.heads, h = i % keys.heads;
            sums.key = keys.compare(b, h);
            sums.value = values.compare(b, h);
            attention.compare(b, h, reference, key, value, sums);
        }
    });
    job.checkpoint();
    std::vector<QualitySums> heads(static_cast<std::size_t>(keys.heads));
    for (std::size_t i = 0; i < planes.size(); ++i)
        heads[i % heads.size()].add(planes[i]);
    return heads;
}

} // namespace pikv
