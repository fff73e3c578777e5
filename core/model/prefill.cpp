// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/prefill.h"
#include <ATen/ops/cat.h>
#include <algorithm>

namespace pikv {
namespace {

/// So many tokens at once that the matrix products are efficient and that a layer takes less than 50 ms on two cores.
constexpr std::int64_t kChunk = 256;

} // namespace

at::Tensor runTokens(const Llama& llama, std::span<const std::int64_t> tokens, KvBuffer& buffer,
    std::int64_t keepHidden, const JobControl& job, std::int64_t queryCount, std::vector<at::Tensor>* queries)
{
    const auto total = static_cast<std::int64_t>(tokens.size());
    std::vector<at::Tensor> hidden;
    std::vector<std::vector<at::Tensor>> rows(queries ? static_cast<std::size_t>(llama.config().layers) : 0);
    for (std::int64_t from = 0; from < total; from += kChunk) {
        const std::int64_t count = std::min(kChunk, total - from), end = from + count;
        job.report({ "Prefilling token", static_cast<int>(from), static_cast<int>(total) });
        const auto wanted = [&](std::int64_t last) { return std::clamp<std::int64_t>(end - (total - last), 0, count); };
        Pass pass;
        pass.tokens = tokens.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(count));
        pass.first = buffer.rows(0);
        pass.attend = [&](int layer, const at::Tensor& key, const at::Tensor& value) {
            return buffer.append(layer, key, value);
        };
        if (const std::int64_t n = queries ? wanted(queryCount) : 0; n > 0)
            pass.queries = [&rows, count, n](int layer, const at::Tensor& query) {
                rows[static_cast<std::size_t>(layer)].push_back(query.narrow(1, count - n, n).clone());
            };
        const at::Tensor x = llama.forward(pass, job);
        if (const std::int64_t n = wanted(keepHidden); n > 0)
            hidden.push_back(x.narrow(0, count - n, n));
    }
    if (queries && queryCount > 0)
        for (const std::vector<at::Tensor>& parts : rows)
            queries->push_back(at::cat(parts, 1));
    return hidden.empty() ? at::Tensor() : at::cat(hidden, 0);
}

} // namespace pikv
