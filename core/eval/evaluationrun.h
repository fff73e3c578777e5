// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/compressor.h"
#include "core/eval/evaluator.h"
#include "core/eval/measure.h"

namespace pikv {

/// One evaluation in progress: encode, decode, measure, add up.
class EvaluationRun {
public:
    EvaluationRun(const EvaluationRequest& request, const KvCache& cache, at::Tensor importance,
        const CodecContext& context, EvaluationResult& result);

    /// One layer in memory at a time; the encoded bytes of a layer live until it is decoded.
    void streamLayers(const LayerwiseCompressor& encoder, const LayerwiseCompressor& decoder);
    /// For methods that look across layers.
    void wholeCache(const Compressor& encoder, const Compressor& decoder);
    /// Sizes and overall quality.
    void finish();

private:
    struct Loaded {
        LayerInput input;
        LayerReference reference;
    };
    Loaded load(int index);
    void measure(const Loaded& loaded, const LayerKv& decoded, std::uint64_t storedBytes);

    const EvaluationRequest& m_request;
    const KvCache& m_cache;
    at::Tensor m_importance;
    const CodecContext& m_context;
    EvaluationResult& m_result;
    EncodedSizes m_sizes;
    EncodedHeader m_header;
    QualitySums m_total;
};

/// A view whose layers hold zeros where the dump has NaN or infinity; without `accept` such a layer throws
/// Error{Input}.
CachePtr withCleanLayers(CachePtr cache, bool accept);

} // namespace pikv
