// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/tensorbytes.h"
#include "core/base/error.h"
#include "core/base/half.h"
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

at::Tensor tensorFromBytes(ByteSpan bytes, DType dtype, at::IntArrayRef shape)
{
    std::uint64_t wanted = dtypeSize(dtype);
    for (std::int64_t n : shape)
        wanted *= static_cast<std::uint64_t>(n);
    if (wanted != bytes.size())
        throw inputError("a section holds " + std::to_string(bytes.size()) + " bytes where its shape needs "
            + std::to_string(wanted));
    at::Tensor tensor = at::empty(shape, torchType(dtype));
    if (outgrowsCaches(bytes.size()))
        copyPastCaches(bytes.data(), bytes.size(), tensor.data_ptr());
    else if (!bytes.empty())
        std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
    return tensor;
}

} // namespace pikv
