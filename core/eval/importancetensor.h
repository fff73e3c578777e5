// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/importance.h"
#include "core/cache/kvcache.h"

namespace pikv {

/// Importance as f32 [batch, seq] on the CPU, undefined for None. `values`: computed before; null: computed here.
at::Tensor importanceTensor(
    const KvCache& cache, const ImportanceSpec& spec, const std::vector<float>* values, const JobControl& job);

} // namespace pikv
