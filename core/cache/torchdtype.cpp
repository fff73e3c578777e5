// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/cache/torchdtype.h"
#include "core/base/error.h"

namespace pikv {

c10::ScalarType torchType(DType dtype)
{
    switch (dtype) {
    case DType::F32:
        return at::kFloat;
    case DType::F16:
        return at::kHalf;
    case DType::BF16:
        return at::kBFloat16;
    case DType::F64:
        return at::kDouble;
    case DType::I64:
        return at::kLong;
    case DType::I32:
        return at::kInt;
    case DType::I16:
        return at::kShort;
    case DType::I8:
        return at::kChar;
    case DType::U8:
        return at::kByte;
    case DType::Bool:
        return at::kBool;
    default:
        throw inputError("tensors of type " + std::string(dtypeName(dtype)) + " cannot be loaded");
    }
}

DType dtypeOf(c10::ScalarType type)
{
    for (DType dtype : { DType::F32, DType::F16, DType::BF16, DType::F64, DType::I64, DType::I32, DType::I16, DType::I8,
             DType::U8, DType::Bool })
        if (torchType(dtype) == type)
            return dtype;
    throw Error(ErrorKind::Internal, "a tensor has a type that dumps do not know");
}

} // namespace pikv
