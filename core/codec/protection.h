// SPDX-License-Identifier: GPL-3.0-or-later
// Protected tokens: the common parameters `sinks` and `recent` keep the first and last tokens of every layer at 16 bits
// beside the method, which sees the middle alone.
#pragma once
#include "core/codec/compressor.h"

namespace pikv {

/// Rows [0, first) and [seq - last, seq) are kept beside the method. Sinks are the cache's first tokens: a layer that
/// holds only the last ones (a sliding window) has none, or fewer.
struct Protection {
    std::int64_t first = 0, last = 0, seq = 0;

    Protection(const ParamSet& params, const LayerShape& shape);
    bool any() const { return first + last > 0; }
    std::int64_t middle() const { return seq - first - last; }

    /// What the method gets to see: views of the middle rows [batch, kv_heads, seq, dim], and all that goes with them.
    at::Tensor middleRows(const at::Tensor& rows) const { return rows.narrow(2, first, middle()); }
    LayerShape middleShape(LayerShape shape) const;
    LayerInput middleInput(const LayerInput& input) const;
    /// The place of the middle in `whole`, for decodeLayer().
    LayerOutput middleOutput(const LayerOutput& output, const LayerKv& whole, const SectionSet* shared) const;

    /// Adds the sections "k.sinks", "v.sinks", "k.recent" and "v.recent", those that have rows.
    void write(const LayerInput& input, SectionSet& out) const;
    /// Puts the protected rows into `whole`. Throws Error{Input} where the sections do not fit.
    void read(const LayerOutput& output, const LayerKv& whole) const;
};

} // namespace pikv
