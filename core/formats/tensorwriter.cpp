// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/tensorwriter.h"
#include <functional>
#include <numeric>

namespace pikv {

std::uint64_t tensorBytes(const TensorEntry& tensor)
{
    return std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::uint64_t(dtypeSize(tensor.dtype)),
        [](std::uint64_t product, std::int64_t n) { return product * static_cast<std::uint64_t>(n); });
}

std::uint64_t tensorBytes(const std::vector<TensorEntry>& tensors)
{
    return std::accumulate(tensors.begin(), tensors.end(), std::uint64_t(0),
        [](std::uint64_t sum, const TensorEntry& tensor) { return sum + tensorBytes(tensor); });
}

} // namespace pikv
