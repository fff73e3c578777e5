// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/kvcache.h"
#include "core/eval/tokenimportance.h"

namespace pikv {

/// Importance as methods take it: f32 [batch, seq] on the CPU, undefined for None. `cache` is the one that the
/// importance belongs to.
at::Tensor importanceTensor(const KvCache& cache, const TokenImportance& importance, const JobControl& job);

} // namespace pikv
