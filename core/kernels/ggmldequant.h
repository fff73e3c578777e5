// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pikv {

/// Tensor types of GGUF files that weights may have; the numbers are ggml's.
enum class GgmlType : std::uint32_t {
    F32 = 0,
    F16 = 1,
    Q4_0 = 2,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q8_0 = 8,
    Q4_K = 12,
    Q5_K = 13,
    Q6_K = 14,
    BF16 = 30,
};

struct GgmlTypeInfo {
    GgmlType type;
    std::string_view name; ///< as ggml prints it: "Q4_1"
    int blockElements; ///< elements that share one block; divides the row length
    int blockBytes;
};
/// Nothing for a type number that is unknown or not supported.
std::optional<GgmlTypeInfo> ggmlTypeInfo(std::uint32_t number);
const GgmlTypeInfo& ggmlTypeInfo(GgmlType type);

/// Decodes whole blocks at any alignment. `out.size()` must be a multiple of the block's elements and `blocks` as long
/// as that many blocks: std::invalid_argument otherwise. Block layouts: ggml-common.h of llama.cpp.
void ggmlDequantise(GgmlType type, ByteSpan blocks, std::span<float> out);

} // namespace pikv
