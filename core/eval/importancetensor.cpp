// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/importancetensor.h"
#include <ATen/ops/empty.h>
#include <algorithm>

namespace pikv {

at::Tensor importanceTensor(
    const KvCache& cache, const ImportanceSpec& spec, const std::vector<float>* values, const JobControl& job)
{
    if (spec.source == ImportanceSpec::Source::None)
        return {};
    const std::vector<float> computed = values ? *values : computeImportance(cache, spec, job);
    const std::int64_t batch = cache.info().batch();
    const std::int64_t seq = batch ? static_cast<std::int64_t>(computed.size()) / batch : 0;
    at::Tensor tensor = at::empty({ batch, seq }, at::kFloat);
    std::copy_n(computed.data(), batch * seq, tensor.data_ptr<float>());
    return tensor;
}

} // namespace pikv
