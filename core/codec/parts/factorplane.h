// SPDX-License-Identifier: GPL-3.0-or-later
// A layer's keys or values as the matrices that get factorised: one for all heads of the layer, or one a head.
#pragma once
#include "core/cache/cacheinfo.h"
#include <ATen/core/Tensor.h>
#include <cstdint>

namespace pikv {

/// Which matrix of a layer: planes are numbered keys first, then values.
struct FactorPlane {
    bool isKey = true;
    std::int64_t firstHead = 0, heads = 0, dim = 0; ///< `dim` channels a head
    std::int64_t rows = 0; ///< batch * seq
    std::int64_t width() const { return heads * dim; }
};

class FactorPlanes {
public:
    FactorPlanes(const LayerShape& shape, bool perHead)
        : m_shape(shape)
        , m_perHead(perHead)
    {
    }
    std::int64_t perTensor() const { return m_perHead ? m_shape.kvHeads : 1; }
    std::int64_t count() const { return 2 * perTensor(); }
    FactorPlane plane(std::int64_t index) const;
    /// Largest rank that every plane can have: min(batch * seq, channels of a plane).
    std::int64_t maxRank() const;

    /// `tensor` [batch, kv_heads, seq, dim] to f32 rows [batch * seq, plane.width()] that the caller may change. Values
    /// beyond f16's range become ±65504, as all factors are stored at 16 bits or fewer, and their squares must not
    /// overflow.
    static at::Tensor rowsOf(const at::Tensor& tensor, const FactorPlane& plane);
    /// Writes rows [first, first + count) of batch item `batch` into `tensor` [batch, kv_heads, seq, dim]. For an f16
    /// tensor the rows themselves are clamped to its range first, so that no finite value becomes infinite.
    static void store(const at::Tensor& rows, const FactorPlane& plane, std::int64_t batch, std::int64_t first,
        const at::Tensor& tensor);
    /// The plane's rows f32 [count, width] as head vectors [count, heads, dim], for RopeTable::turn().
    static at::Tensor vectorsOf(const at::Tensor& rows, const FactorPlane& plane)
    {
        return rows.view({ rows.size(0), plane.heads, plane.dim });
    }

private:
    LayerShape m_shape;
    bool m_perHead;
};

} // namespace pikv
