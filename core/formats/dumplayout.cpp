// SPDX-License-Identifier: GPL-3.0-or-later
// Views of tensors on disk: other axes and parts of them by their strides, without reading.
#include "core/formats/dumplayout.h"
#include "core/base/text.h"

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

void StoredTensor::splitAxis(std::size_t axis, std::span<const std::int64_t> sizes)
{
    makeStrided();
    const auto at = static_cast<std::ptrdiff_t>(axis);
    std::int64_t stride = strides.at(axis);
    shape.erase(shape.begin() + at);
    strides.erase(strides.begin() + at);
    for (std::size_t i = sizes.size(); i-- > 0; stride *= sizes[i]) {
        shape.insert(shape.begin() + at, sizes[i]);
        strides.insert(strides.begin() + at, stride);
    }
}

void StoredTensor::dropPlainStrides()
{
    std::int64_t expected = 1;
    for (std::size_t i = strides.size(); i-- > 0; expected *= shape[i])
        if (shape[i] != 1 && strides[i] != expected)
            return;
    strides.clear();
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

StoredTensor StoredTensor::part(std::int64_t index) const
{
    StoredTensor part = *this;
    if (strides.empty()) {
        part.bytes = bytes / static_cast<std::uint64_t>(shape.at(0));
        part.begin += part.bytes * static_cast<std::uint64_t>(index);
    } else {
        part.narrow(0, index, 1);
        part.strides.erase(part.strides.begin());
    }
    part.name += "[" + std::to_string(index) + "]";
    part.shape.erase(part.shape.begin());
    return part;
}

void StoredTensor::addAxis()
{
    shape.insert(shape.begin(), 1);
    if (!strides.empty())
        strides.insert(strides.begin(), 0);
}

std::int64_t StoredTensor::count() const
{
    std::uint64_t count = 1; // 0 in the end where one of them is
    for (const std::int64_t n : shape)
        count *= static_cast<std::uint64_t>(n);
    return static_cast<std::int64_t>(count);
}

Bytes readElements(const ByteSource& file, const StoredTensor& tensor)
{
    constexpr std::int64_t maxRepeated = 1 << 24;
    Bytes raw(tensor.bytes);
    file.read(tensor.begin, raw);
    if (tensor.strides.empty())
        return raw;
    const std::int64_t count = tensor.count();
    if (count > tensor.elements() && count > maxRepeated)
        throw inputError(file.name() + ": tensor " + inQuotes(tensor.name) + " " + shapeText(tensor.shape)
            + " shows the same numbers over and over; save it as it is, without expand().");
    const std::size_t size = dtypeSize(tensor.dtype), rank = tensor.shape.size();
    Bytes out(static_cast<std::size_t>(count) * size);
    std::vector<std::int64_t> index(rank, 0);
    for (std::size_t next = 0; next < out.size(); next += size) {
        std::int64_t at = 0;
        for (std::size_t axis = 0; axis < rank; ++axis)
            at += index[axis] * tensor.strides[axis];
        std::memcpy(out.data() + next, raw.data() + static_cast<std::size_t>(at) * size, size);
        for (std::size_t axis = rank; axis-- > 0 && ++index[axis] == tensor.shape[axis];)
            index[axis] = 0;
    }
    return out;
}

} // namespace pikv
