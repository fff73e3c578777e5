// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/rope.h"
#include "core/cache/torchdtype.h"
#include <ATen/core/Tensor.h>
#include <cstdint>

namespace pikv {

/// One head of a layer's keys or values as f32 rows on the CPU; a key's rotation is undone on the way in and applied on
/// the way out.
class HeadRows {
public:
    /// `tensor` CPU [batch, kv_heads, seq, dim], the last two contiguous; `rope` null: no rotation. Both must outlive
    /// this.
    HeadRows(const at::Tensor& tensor, std::int64_t head, const RopeTable* rope);

    std::int64_t batch() const { return m_tensor.size(0); }
    std::int64_t seq() const { return m_tensor.size(2); }
    std::int64_t dim() const { return m_tensor.size(3); }
    /// Rows [first, first + count) of batch item `batch` to `out` [count, dim]. Values are clamped to ±65504, NaN reads
    /// as 0.
    void load(std::int64_t batch, std::int64_t first, std::int64_t count, float* out) const;
    /// Writes `rows` [count, dim], which are rotated in place.
    void store(std::int64_t batch, std::int64_t first, std::int64_t count, float* rows) const;

private:
    std::byte* place(std::int64_t batch, std::int64_t row) const;
    const at::Tensor& m_tensor;
    std::int64_t m_head;
    const RopeTable* m_rope;
    DType m_dtype;
};

/// On the CPU with contiguous rows, without a copy where it is so already.
at::Tensor rowTensor(const at::Tensor& tensor);
/// Clamps to f16's range, ±65504, so that squares do not overflow and what is stored at 16 bits is finite; NaN becomes
/// 0.
void clampToHalf(float* values, std::size_t count);

} // namespace pikv
