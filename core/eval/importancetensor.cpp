// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/importancetensor.h"
#include <ATen/ops/empty.h>
#include <algorithm>

namespace pikv {

at::Tensor importanceTensor(const KvCache& cache, const TokenImportance& importance, const JobControl& job)
{
    if (importance.spec().source == ImportanceSpec::Source::None)
        return {};
    const auto values = importance.values(job);
    const std::int64_t batch = cache.info().batch();
    const std::int64_t seq = batch ? static_cast<std::int64_t>(values->size()) / batch : 0;
    at::Tensor tensor = at::empty({ batch, seq }, at::kFloat);
    std::copy_n(values->data(), batch * seq, tensor.data_ptr<float>());
    return tensor;
}

} // namespace pikv
