// SPDX-License-Identifier: GPL-3.0-or-later
// Hidden states of a continuation against a given cache: the prefix is read from the cache, the rest is computed.
#include "core/model/scoring.h"
#include "core/model/prefill.h"
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/where.h>

namespace pikv {
namespace {

/// Reads the new tokens' rows from the decoded cache in place of the computed ones.
class StoredRows {
public:
    StoredRows(const KvCache& cache, std::int64_t rows)
        : m_cache(cache)
        , m_rows(rows)
    {
    }
    Attended attend(int layer, const at::Tensor& key, const at::Tensor& value) const
    {
        const LayerKv stored = m_cache.layer(layer);
        const auto rows = [&](const at::Tensor& x) { return x[0].narrow(1, 0, m_rows).to(at::kFloat); };
        Attended out { rows(stored.key), rows(stored.value), {} };
        if (!stored.keep.defined())
            return out;
        out.keep = stored.keep[0].narrow(1, 0, m_rows);
        const std::int64_t count = key.size(1), first = m_rows - count;
        const at::Tensor own = out.keep.narrow(1, first, count).unsqueeze(2);
        const auto merged = [&](const at::Tensor& kept, const at::Tensor& fresh) {
            return at::cat({ kept.narrow(1, 0, first), at::where(own, kept.narrow(1, first, count), fresh) }, 1);
        };
        out.key = merged(out.key, key);
        out.value = merged(out.value, value);
        return out;
    }

private:
    const KvCache& m_cache;
    std::int64_t m_rows;
};

} // namespace

KvBuffer bufferFrom(const ModelConfig& config, const KvCache& cache, std::int64_t rows, std::int64_t more)
{
    KvBuffer buffer(config, rows + more);
    for (int i = 0; i < cache.layerCount(); ++i)
        buffer.load(i, cache.layer(i), rows);
    return buffer;
}

at::Tensor hiddenAgainst(const Llama& llama, const KvCache& cache, std::int64_t context,
    std::span<const std::int64_t> tokens, const JobControl& job)
{
    const auto count = static_cast<std::int64_t>(tokens.size());
    if (cache.info().seq() == context) {
        KvBuffer buffer = bufferFrom(llama.config(), cache, context, count);
        return runTokens(llama, tokens, buffer, count, job);
    }
    const StoredRows stored(cache, context + count);
    Pass pass;
    pass.tokens = tokens;
    pass.first = context;
    pass.attend
        = [&](int layer, const at::Tensor& key, const at::Tensor& value) { return stored.attend(layer, key, value); };
    return llama.forward(pass, job);
}

NextTokenDivergence::NextTokenDivergence(
    const Llama& llama, const KvCache& original, std::int64_t predict, const JobControl& job)
    : m_llama(llama)
    , m_tokens(original.info().tokenIds.end() - predict, original.info().tokenIds.end())
    , m_context(static_cast<std::int64_t>(original.info().tokenIds.size()) - predict)
    , m_original(predictions(original, job))
{
}

at::Tensor NextTokenDivergence::predictions(const KvCache& cache, const JobControl& job) const
{
    const at::NoGradGuard noGrad;
    const auto count = static_cast<std::int64_t>(m_tokens.size());
    KvBuffer buffer = bufferFrom(m_llama.config(), cache, m_context, count);
    return at::log_softmax(m_llama.logits(runTokens(m_llama, m_tokens, buffer, count, job)), -1);
}

double NextTokenDivergence::of(const KvCache& cache, const JobControl& job) const
{
    const at::Tensor other = predictions(cache, job);
    const double kl = (m_original.exp() * (m_original - other)).to(at::kDouble).sum(-1).mean().item<double>();
    return kl < 0 ? 0 : kl; // below zero by rounding only; NaN stays NaN
}

} // namespace pikv
