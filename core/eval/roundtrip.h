// SPDX-License-Identifier: GPL-3.0-or-later
// The one way from a cache to bytes and back: honest, because a second compressor that knows the spec's text and the
// bytes decodes, and timed, because what is reported as a method's speed is measured here.
#pragma once
#include "core/codec/compressor.h"
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pikv {

/// A method's encode and decode of one cache, as a whole or layer by layer.
class RoundTrip {
public:
    /// Throws Error{Usage} for a spec that makes no method. `context` outlives the trip.
    RoundTrip(const MethodSpec& method, const CodecContext& context);

    /// Throws Error{Usage} where the method cannot do this with a cache of these shapes.
    void validate(const CacheInfo& info) const { m_encoder->accept(info); }
    std::vector<std::string> warnings(const CacheInfo& info) const { return m_encoder->warnings(info); }
    std::uint64_t sharedBytes() const { return m_encoder->sharedBytes(); }

    bool needsAllLayers() const { return m_encoder->needsAllLayers(); }
    /// The method takes one layer at a time: begin() and layer() may be called instead of whole().
    bool streams() const { return m_layerEncoder && m_layerDecoder; }
    /// `cache` is `whole` or some layers of it.
    void begin(const KvCache& cache, const KvCache& whole);
    /// Layer `index` of the cache that begin() was told of. The encoded bytes live until it is decoded.
    LayerKv layer(int index, const LayerInput& input);
    /// `importance` is f32 [batch, seq] on the CPU, or undefined.
    std::shared_ptr<const KvCache> whole(const KvCache& cache, const at::Tensor& importance);

    /// Of what was encoded so far.
    const EncodedSizes& sizes() const { return m_sizes; }
    /// Size of the .pikv file.
    std::uint64_t fileBytes() const { return m_sizes.fileBytes(m_header); }
    /// Its bytes by section, the header last; those of the layers times `scale`, where some stand for all.
    std::vector<std::pair<std::string, std::uint64_t>> breakdown(double scale = 1) const;
    double compressSeconds() const { return m_compressSeconds; }
    double decompressSeconds() const { return m_decompressSeconds; }

private:
    void askModel(const KvCache& whole);

    std::unique_ptr<const Compressor> m_encoder, m_decoder;
    const LayerwiseCompressor *m_layerEncoder,
        *m_layerDecoder; ///< the same objects; null where they look across layers
    const CodecContext& m_context;
    EncodedHeader m_header;
    EncodedSizes m_sizes;
    SectionSet m_global;
    std::shared_ptr<const CacheFisher> m_fisher; ///< what the method asks of a model
    double m_compressSeconds = 0, m_decompressSeconds = 0;
};

} // namespace pikv
