// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/rope.h"
#include "core/codec/parts/planerows.h"
#include <ATen/core/Tensor.h>
#include <cstdint>

namespace pikv {

/// One head of a layer's keys or values as rows on the CPU: a plane for every sequence of the batch. load() and store()
/// undo a key's rotation on the way in and apply it on the way out.
class HeadRows {
public:
    /// `tensor` CPU [batch, kv_heads, seq, dim], the last two contiguous; `rope` null: no rotation. Both must outlive
    /// this.
    HeadRows(const at::Tensor& tensor, std::int64_t head, const RopeTable* rope)
        : m_tensor(tensor)
        , m_head(head)
        , m_rope(rope)
    {
    }
    std::int64_t batch() const { return m_tensor.size(0); }
    std::int64_t seq() const { return m_tensor.size(2); }
    std::int64_t dim() const { return m_tensor.size(3); }
    /// The rows of batch item `batch` as the dump has them.
    PlaneRows plane(std::int64_t batch, bool pastCaches = false) const;
    /// Rows [first, first + count) of batch item `batch` to `out` f32 [count, dim]. Values are clamped to ±65504, NaN
    /// reads as 0.
    void load(std::int64_t batch, std::int64_t first, std::int64_t count, float* out) const;
    /// Writes `rows` f32 [count, dim], which are rotated in place.
    void store(std::int64_t batch, std::int64_t first, std::int64_t count, float* rows) const;

private:
    const at::Tensor& m_tensor;
    std::int64_t m_head;
    const RopeTable* m_rope;
};

/// On the CPU with contiguous rows, without a copy where it is so already.
at::Tensor rowTensor(const at::Tensor& tensor);

} // namespace pikv
