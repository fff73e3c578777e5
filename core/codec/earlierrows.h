// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/cacheinfo.h"
#include <ATen/core/Tensor.h>
#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace pikv {

/// Decoded rows of the layers before the one at hand, as decode has them: what later layers may be predicted from. Of
/// each sequence of a cache with padding, or each cache of a calibration, by itself.
class EarlierRows {
public:
    /// How many layers before a layer are kept.
    static constexpr int depth = 2;

    /// Of all layers of the model.
    explicit EarlierRows(std::vector<LayerShape> layers)
        : m_shapes(std::move(layers))
    {
    }
    /// `sides`: keys and values f32 [batch * seq, heads * dim]; `positions` i64 [seq]. Layers come in their order.
    void add(int layer, std::int64_t sequence, const at::Tensor& positions, std::array<at::Tensor, 2> sides);
    /// What is known of these tokens of `layer`, side by side, f32 [rows, inputs]: keys and values of the layer before,
    /// then of the one before that. Zeros for a layer that holds other tokens (a sliding window) or nothing of the
    /// sequence, so that `inputs` depends on the layer alone. Undefined of the first layer.
    at::Tensor before(
        int layer, std::int64_t sequence, const at::Tensor& positions, std::int64_t batch, const JobControl& job) const;

private:
    struct Rows {
        at::Tensor positions;
        std::array<at::Tensor, 2> sides;
    };
    std::vector<LayerShape> m_shapes;
    std::map<int, std::map<std::int64_t, Rows>> m_rows; ///< by layer and sequence
};

/// Matrices f32 [rows, …] side by side, in blocks, between which a stop is asked for; those that are undefined are left
/// out. Undefined where all are.
at::Tensor sideBySide(const std::vector<at::Tensor>& parts, const JobControl& job);

} // namespace pikv
