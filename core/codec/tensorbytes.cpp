// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/tensorbytes.h"
#include "core/base/error.h"
#include <ATen/ops/clamp.h>
#include <ATen/ops/empty.h>
#include <cstring>

namespace pikv {

c10::ScalarType torchType(DType dtype)
{
    switch (dtype) {
    case DType::F32: return at::kFloat;
    case DType::F16: return at::kHalf;
    case DType::BF16: return at::kBFloat16;
    case DType::F64: return at::kDouble;
    case DType::I64: return at::kLong;
    case DType::I32: return at::kInt;
    case DType::I16: return at::kShort;
    case DType::I8: return at::kChar;
    case DType::U8: return at::kByte;
    case DType::Bool: return at::kBool;
    default: throw inputError("tensors of type " + std::string(dtypeName(dtype)) + " cannot be loaded");
    }
}

DType dtypeOf(c10::ScalarType type)
{
    for (DType dtype : { DType::F32, DType::F16, DType::BF16, DType::F64, DType::I64, DType::I32, DType::I16,
             DType::I8, DType::U8, DType::Bool })
        if (torchType(dtype) == type)
            return dtype;
    throw Error(ErrorKind::Internal, "a tensor has a type that dumps do not know");
}

Bytes tensorToBytes(const at::Tensor& tensor, DType dtype)
{
    at::Tensor source = tensor;
    if (dtype == DType::F16 && tensor.scalar_type() != at::kHalf)
        source = at::clamp(tensor.to(at::kFloat), -65504.0, 65504.0);
    source = source.to(torchType(dtype)).cpu().contiguous();
    Bytes bytes(source.nbytes());
    if (!bytes.empty())
        std::memcpy(bytes.data(), source.data_ptr(), bytes.size());
    return bytes;
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
    if (!bytes.empty())
        std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
    return tensor;
}

} // namespace pikv
