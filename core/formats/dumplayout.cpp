// SPDX-License-Identifier: GPL-3.0-or-later
// Views of tensors on disk: other axes and parts of them by their strides, without reading.
#include "core/formats/dumplayout.h"

namespace pikv {

void StoredTensor::makeStrided()
{
    if (!strides.empty())
        return;
    strides.assign(shape.size(), 1);
    for (std::size_t i = shape.size(); i-- > 1;)
        strides[i - 1] = strides[i] * shape[i];
}

void StoredTensor::swapAxes(std::size_t a, std::size_t b)
{
    makeStrided();
    std::swap(shape.at(a), shape.at(b));
    std::swap(strides.at(a), strides.at(b));
}

void StoredTensor::narrow(std::size_t axis, std::int64_t first, std::int64_t count)
{
    makeStrided();
    const auto size = static_cast<std::uint64_t>(dtypeSize(dtype));
    const std::uint64_t skipped = static_cast<std::uint64_t>(first * strides.at(axis)) * size;
    const std::uint64_t behind = static_cast<std::uint64_t>((shape.at(axis) - first - count) * strides[axis]) * size;
    begin += skipped;
    bytes -= skipped + behind;
    shape[axis] = count;
}

void StoredTensor::every(std::size_t axis, std::int64_t step)
{
    makeStrided();
    const std::int64_t count = (shape.at(axis) + step - 1) / step, last = (count - 1) * step;
    bytes -= static_cast<std::uint64_t>((shape[axis] - 1 - last) * strides[axis]) * dtypeSize(dtype);
    shape[axis] = count;
    strides[axis] *= step;
}

} // namespace pikv
