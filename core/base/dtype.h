// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pikv {

/// Element types that occur in dumps, as safetensors names them.
enum class DType : std::uint8_t { F32, F16, BF16, F64, F8E4M3, F8E5M2, I64, I32, I16, I8, U64, U32, U16, U8, Bool };

/// Size of one element in bytes.
std::size_t dtypeSize(DType dtype);
/// Lower-case name as shown to users: "f16", "bf16", "i64".
std::string_view dtypeName(DType dtype);
/// safetensors' name: "F16", "BF16", "I64".
std::string_view safetensorsName(DType dtype);
std::optional<DType> dtypeFromSafetensors(std::string_view name);
std::optional<DType> dtypeFromName(std::string_view name);
/// True for the types a key or value tensor may have: f32, f16, bf16, f64.
bool isCacheDtype(DType dtype);

} // namespace pikv
