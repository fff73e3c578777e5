// SPDX-License-Identifier: GPL-3.0-or-later
// Compares two distributions of the next token, position by position, in f64: KL, agreement, loss.
#include "core/eval/nexttokencompare.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/topk.h>
#include <algorithm>
#include <cmath>
#include <set>

namespace pikv {
namespace {

/// Logits of so many positions at once stay below some 20 MB at a vocabulary of 50,000.
constexpr std::int64_t kChunk = 64;

std::vector<TokenProbability> topOf(const at::Tensor& original, const at::Tensor& compressed, int count)
{
    const std::int64_t k = std::min<std::int64_t>(count, original.size(0));
    const at::Tensor a = std::get<1>(at::topk(original, k)), b = std::get<1>(at::topk(compressed, k));
    std::set<std::int64_t> ids(a.data_ptr<std::int64_t>(), a.data_ptr<std::int64_t>() + k);
    ids.insert(b.data_ptr<std::int64_t>(), b.data_ptr<std::int64_t>() + k);
    std::vector<TokenProbability> top;
    const auto* p = original.data_ptr<float>();
    const auto* q = compressed.data_ptr<float>();
    for (const std::int64_t id : ids)
        top.push_back({ id, std::exp(static_cast<double>(p[id])), std::exp(static_cast<double>(q[id])) });
    std::stable_sort(top.begin(), top.end(), [](const auto& x, const auto& y) { return x.original > y.original; });
    return top;
}

} // namespace

std::vector<NextTokenPosition> comparePositions(const at::Tensor& original, const at::Tensor& compressed,
    std::span<const std::int64_t> targets, int textIndex, std::int64_t firstPosition, int topCount)
{
    const at::Tensor &p = original, &q = compressed;
    const at::Tensor kl = (p.exp() * (p - q)).sum(std::vector<std::int64_t> { -1 }, false, at::kDouble);
    const at::Tensor topP = p.argmax(-1), topQ = q.argmax(-1);
    std::vector<NextTokenPosition> out;
    for (std::int64_t i = 0; i < p.size(0); ++i) {
        NextTokenPosition position;
        position.text = textIndex;
        position.position = firstPosition + i;
        position.target = targets[static_cast<std::size_t>(i)];
        position.topOriginal = topP.data_ptr<std::int64_t>()[i];
        position.topCompressed = topQ.data_ptr<std::int64_t>()[i];
        const at::Tensor rowP = p[i], rowQ = q[i];
        const auto logOf = [&](const at::Tensor& row) {
            return position.target < 0 ? kNoValue : static_cast<double>(row.data_ptr<float>()[position.target]);
        };
        position.loss = -logOf(rowQ);
        position.targetOriginal = std::exp(logOf(rowP));
        position.targetCompressed = std::exp(logOf(rowQ));
        const double divergence = kl.data_ptr<double>()[i];
        position.kl = divergence < 0 ? 0 : divergence; // below zero by rounding only; NaN stays NaN
        if (topCount > 0)
            position.top = topOf(rowP, rowQ, topCount);
        out.push_back(std::move(position));
    }
    return out;
}

std::vector<NextTokenPosition> comparePredictions(const Llama& llama, const NextTokenText& text, int textIndex,
    const at::Tensor& original, const at::Tensor& compressed, int topCount, const JobControl& job)
{
    std::vector<NextTokenPosition> out;
    const std::int64_t total = compressed.size(0);
    for (std::int64_t from = 0; from < total; from += kChunk) {
        const std::int64_t count = std::min(kChunk, total - from);
        const auto predicted = [&](const at::Tensor& hidden) {
            job.checkpoint();
            return at::log_softmax(llama.logits(hidden.narrow(0, from, count)), -1);
        };
        const at::Tensor p = predicted(original), q = predicted(compressed);
        job.checkpoint();
        const auto targets
            = std::span(text.tokens)
                  .subspan(static_cast<std::size_t>(text.context + from + 1), static_cast<std::size_t>(count));
        for (NextTokenPosition& position : comparePositions(p, q, targets, textIndex, text.context + from, topCount))
            out.push_back(std::move(position));
    }
    return out;
}

} // namespace pikv
