// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/kvcache.h"
#include "core/model/llama.h"
#include <cstdint>
#include <span>
#include <vector>

namespace pikv {

/// Hidden states of `tokens`, f32 [count, hidden], which follow the first `context` rows of `cache`; one pass with
/// teacher forcing, dropped rows left out head by head. A cache of exactly `context` rows is all that is read; from a
/// longer one, of context + count rows at least, the tokens' own keys and values are read as well, but for dropped
/// rows, which a token that is still being processed keeps to itself.
at::Tensor hiddenAgainst(const Llama& llama, const KvCache& cache, std::int64_t context,
    std::span<const std::int64_t> tokens, const JobControl& job);

/// How far the next tokens that a cache lets the model predict are from those of the uncompressed one: of the cache's
/// own last `predict` tokens, from the rows before them.
class NextTokenDivergence {
public:
    /// `llama` outlives this.
    NextTokenDivergence(const Llama& llama, const KvCache& original, std::int64_t predict, const JobControl& job);
    /// Mean KL, in nats. `cache`: of as many rows.
    double of(const KvCache& cache, const JobControl& job) const;

private:
    /// Logarithms of the probabilities, f32 [predict, vocabulary].
    at::Tensor predictions(const KvCache& cache, const JobControl& job) const;

    const Llama& m_llama;
    std::vector<std::int64_t> m_tokens; ///< those that are predicted behind
    std::int64_t m_context;
    at::Tensor m_original;
};

/// A buffer with the first `rows` rows of every layer and room for `more`.
KvBuffer bufferFrom(const ModelConfig& config, const KvCache& cache, std::int64_t rows, std::int64_t more);

} // namespace pikv
