// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/importance.h"
#include "core/cache/kvcache.h"

namespace pikv {

/// Attention that tokens get from the stored queries, f64 [batch, seq]. A query that sees m tokens gives each of them a
/// fair share of 1/m; r is the mean, over the queries that see the token, query heads and layers, of attention x m;
/// importance is r/(1 + r): 0.5 for a token that gets its fair share (also where no query sees it), towards 1 for a
/// sink. Raw attention is so heavy-tailed that division by its maximum would leave all tokens but the sink near 0.
at::Tensor attentionImportance(const KvCache& cache, const JobControl& job);

/// Knorm (Devoto et al. 2024, arXiv:2406.11430): keys of low norm matter. The share of tokens whose key is longer, mean
/// over layers and kv heads, f64 [batch, seq]: norms differ by too little between tokens to be used as they are.
at::Tensor keyNormImportance(const KvCache& cache, const JobControl& job);

} // namespace pikv
