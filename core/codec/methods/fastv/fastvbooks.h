// SPDX-License-Identifier: GPL-3.0-or-later
// The codebooks of all heads of a layer: learning them from one or several caches, storing and reading them.
#pragma once
#include "core/codec/compressor.h"
#include "core/codec/methods/fastv/fastvlearn.h"
#include "core/codec/parts/headstream.h"
#include <optional>

namespace pikv {

/// A layer's keys and values on the CPU, as streams of each head's vectors. Heads are numbered keys first, then values.
class LayerStreams {
public:
    /// `undo`: keys come without their rotation, where the dump says how they were rotated.
    LayerStreams(const LayerInput& input, bool undo);
    HeadStream head(std::int64_t index) const;
    /// f32 [batch * seq] with mean 1, or undefined without importance.
    const at::Tensor& weights() const { return m_weights; }
    const float* weightData() const { return m_weights.defined() ? m_weights.data_ptr<float>() : nullptr; }

private:
    at::Tensor m_key, m_value, m_weights;
    std::optional<RopeTable> m_rope;
};

struct FastVShapes {
    FastVShape key, value;
    std::int64_t heads = 0; ///< of the keys, and as many of the values
    const FastVShape& of(std::int64_t head) const { return head < heads ? key : value; }
};

/// Learns every head's book from at most `most` vectors, evenly spaced over the streams one after the other; their
/// importance counts where there is one stream.
std::vector<FastVBook> learnBooks(const std::vector<LayerStreams>& streams, const FastVShapes& shapes,
    FastVTraining training, std::size_t most, const CounterRng& random, const JobControl& job);
/// The sections "k.codebooks" and "v.codebooks".
void writeBooks(const std::vector<FastVBook>& books, SectionSet& out);
/// Throws Error{Input} where the sections do not fit the shapes.
std::vector<FastVBook> readBooks(const SectionSet& sections, const FastVShapes& shapes);

} // namespace pikv
