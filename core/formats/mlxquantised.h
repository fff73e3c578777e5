// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/dumplayout.h"

namespace pikv {

struct MlxQuantisation {
    std::int64_t groupSize, bits;
};

/// Affine quantised rows as MLX stores them: codes as a stream of bits in U32 words, a factor and an offset a group.
struct MlxTensors {
    const TensorEntry& codes; ///< U32 [batch, kv_heads, seq, head_dim * bits / 32]
    const TensorEntry& scales; ///< [batch, kv_heads, seq, head_dim / group_size]
    const TensorEntry& biases; ///< as scales
};

/// The first `rows` rows as [batch, kv_heads, rows, head_dim], f32, decoded when they are read. Throws Error{Input}
/// where the three do not fit each other.
StoredTensor mlxDequantised(
    const MlxTensors& tensors, const MlxQuantisation& how, std::int64_t rows, const std::string& file);

} // namespace pikv
