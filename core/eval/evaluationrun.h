// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include "core/eval/measure.h"
#include "core/eval/roundtrip.h"

namespace pikv {

/// One evaluation in progress: encode, decode, measure, add up.
class EvaluationRun {
public:
    /// `cache`: what is run of the request's cache. `importance` is f32 [batch, seq] on the CPU, or undefined. Results
    /// go to `result`.
    EvaluationRun(const EvaluationRequest& request, const KvCache& cache, at::Tensor importance,
        const CodecContext& context, EvaluationResult& result);

    /// Layer by layer with one layer in memory at a time, or the whole cache where the method looks across layers.
    void run(RoundTrip& trip);

private:
    struct Loaded {
        LayerInput input;
        int number = 0; ///< of the layer, in the model
        LayerReference reference;
    };
    void streamLayers(RoundTrip& trip);
    void wholeCache(RoundTrip& trip);
    Loaded load(int index);
    void measure(const Loaded& loaded, const LayerKv& decoded, std::uint64_t storedBytes);
    /// Sizes and overall quality.
    void finish(const RoundTrip& trip);

    const EvaluationRequest& m_request;
    const KvCache& m_cache;
    at::Tensor m_importance;
    const CodecContext& m_context;
    EvaluationResult& m_result;
    QualitySums m_total;
};

} // namespace pikv
