// SPDX-License-Identifier: GPL-3.0-or-later
// Copies that own their bytes; large ones past the caches, halves made floats on the way.
#include "core/codec/tensorbytes.h"
#include "core/base/error.h"
#include "core/base/half.h"
#include "core/base/nonfinite.h"
#include "core/kernels/floatrows.h"
#include "core/kernels/pastcaches.h"
#include <ATen/ops/clamp.h>
#include <ATen/ops/empty.h>
#include <cstring>

namespace pikv {

Bytes tensorToBytes(const at::Tensor& tensor, DType dtype)
{
    at::Tensor source = tensor;
    if (dtype == DType::F16 && tensor.scalar_type() != at::kHalf)
        source = at::clamp(tensor.to(at::kFloat), -largestHalf, largestHalf);
    source = source.to(torchType(dtype)).cpu().contiguous();
    const auto* data = static_cast<const std::byte*>(source.data_ptr());
    return Bytes(data, data + source.nbytes()); // in one pass: Bytes of a size alone would be filled with zeros first
}

namespace {

void requireSize(ByteSpan bytes, DType dtype, at::IntArrayRef shape)
{
    std::uint64_t wanted = dtypeSize(dtype);
    for (std::int64_t n : shape)
        wanted *= static_cast<std::uint64_t>(n);
    if (wanted != bytes.size())
        throw inputError("a section holds " + std::to_string(bytes.size()) + " bytes where its shape needs "
            + std::to_string(wanted));
}

} // namespace

at::Tensor tensorFromBytes(ByteSpan bytes, DType dtype, at::IntArrayRef shape)
{
    requireSize(bytes, dtype, shape);
    at::Tensor tensor = at::empty(shape, torchType(dtype));
    if (outgrowsCaches(bytes.size()))
        copyPastCaches(bytes.data(), bytes.size(), tensor.data_ptr());
    else if (!bytes.empty())
        std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
    return tensor;
}

at::Tensor floatsFromBytes(ByteSpan bytes, DType dtype, at::IntArrayRef shape)
{
    requireSize(bytes, dtype, shape);
    at::Tensor tensor = at::empty(shape, at::kFloat);
    toFloats(bytes.data(), dtype, static_cast<std::size_t>(tensor.numel()), tensor.data_ptr<float>());
    return tensor;
}

bool isAllFinite(const at::Tensor& tensor)
{
    const NonFiniteCount found = countNonFinite(asBytes(tensor.data_ptr<float>(), tensor.nbytes()), DType::F32);
    return found.nan + found.infinite == 0;
}

} // namespace pikv
