// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/dtype.h"
#include <array>

namespace pikv {
namespace {
struct Row {
    DType dtype;
    std::size_t size;
    std::string_view name, tag;
};
constexpr std::array<Row, 15> table { {
    { DType::F32, 4, "f32", "F32" },
    { DType::F16, 2, "f16", "F16" },
    { DType::BF16, 2, "bf16", "BF16" },
    { DType::F64, 8, "f64", "F64" },
    { DType::F8E4M3, 1, "f8_e4m3", "F8_E4M3" },
    { DType::F8E5M2, 1, "f8_e5m2", "F8_E5M2" },
    { DType::I64, 8, "i64", "I64" },
    { DType::I32, 4, "i32", "I32" },
    { DType::I16, 2, "i16", "I16" },
    { DType::I8, 1, "i8", "I8" },
    { DType::U64, 8, "u64", "U64" },
    { DType::U32, 4, "u32", "U32" },
    { DType::U16, 2, "u16", "U16" },
    { DType::U8, 1, "u8", "U8" },
    { DType::Bool, 1, "bool", "BOOL" },
} };
const Row& row(DType dtype) { return table[static_cast<std::size_t>(dtype)]; }
}

std::size_t dtypeSize(DType dtype) { return row(dtype).size; }
std::string_view dtypeName(DType dtype) { return row(dtype).name; }
std::string_view safetensorsName(DType dtype) { return row(dtype).tag; }

std::optional<DType> dtypeFromSafetensors(std::string_view name)
{
    for (const Row& r : table)
        if (r.tag == name)
            return r.dtype;
    return {};
}

std::optional<DType> dtypeFromName(std::string_view name)
{
    for (const Row& r : table)
        if (r.name == name)
            return r.dtype;
    return {};
}

bool isCacheDtype(DType dtype)
{
    return dtype == DType::F32 || dtype == DType::F16 || dtype == DType::BF16 || dtype == DType::F64;
}

} // namespace pikv
