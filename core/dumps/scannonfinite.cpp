// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/nonfinite.h"
#include "core/cache/kvcache.h"
#include "core/cache/torchdtype.h"
#include "core/dumps/dumps.h"

namespace pikv {
namespace {
constexpr std::size_t placesNamed = 8;

void scan(const at::Tensor& tensor, const std::string& place, NonFiniteReport& report)
{
    const at::Tensor plain = tensor.contiguous();
    const auto found = countNonFinite(asBytes(plain.data_ptr(), plain.nbytes()), dtypeOf(plain.scalar_type()));
    report.nan += found.nan;
    report.infinite += found.infinite;
    if (found.nan + found.infinite > 0 && report.where.size() < placesNamed)
        report.where.push_back(
            place + ": " + std::to_string(found.nan) + " NaN, " + std::to_string(found.infinite) + " infinite");
}
}

NonFiniteReport scanNonFinite(const KvCache& cache, const JobControl& job)
{
    NonFiniteReport report;
    const int layers = cache.layerCount();
    for (int i = 0; i < layers; ++i) {
        job.checkpoint();
        job.report({ "Checking layer", i, layers });
        const LayerKv layer = cache.layer(i);
        scan(layer.key, "layer " + std::to_string(i) + " key", report);
        scan(layer.value, "layer " + std::to_string(i) + " value", report);
    }
    return report;
}

} // namespace pikv
