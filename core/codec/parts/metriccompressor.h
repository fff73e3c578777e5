// SPDX-License-Identifier: GPL-3.0-or-later
// Methods whose fits may count errors by what they do, and not plainly.
#pragma once
#include "core/codec/compressor.h"
#include "core/model/fisherinformation.h"
#include <optional>
#include <string>

namespace pikv {

/// A LayerwiseCompressor with the parameters `metric` and `model` (metricParams()). A calibration keeps the metric that
/// it was learned in.
class MetricCompressor : public LayerwiseCompressor {
public:
    using LayerwiseCompressor::LayerwiseCompressor;
    /// Also refuses metric=queries where there are none; overriders call it first.
    void validate(const CacheInfo& info) const override;
    void validateLearning(const CacheInfo& info) const override;

protected:
    std::shared_ptr<const LanguageModel> gradientModel(const std::vector<std::shared_ptr<const KvCache>>& caches,
        Learning learning, const CodecContext& context) const final;
    MethodSpec learnedAs(bool withGradients) const override;

    /// Whether metric=auto takes the time of a backward pass for a cache without a calibration. Default: no.
    virtual bool autoAsksForItself() const { return false; }

    /// What errors of a layer that is encoded without a calibration are measured by; null: plain squares.
    class LayerMetric {
    public:
        LayerMetric(const MetricCompressor& method, const LayerInput& input, const JobControl& job);
        LayerMetric(const LayerMetric&) = delete;
        LayerMetric& operator=(const LayerMetric&) = delete;
        const LayerFisher* get() const { return m_found; }

    private:
        std::optional<LayerFisher> m_ofQueries;
        const LayerFisher* m_found;
    };
};

/// `asksForItself`: as autoAsksForItself().
ParamSpec metricParam(bool asksForItself = false);
ParamSpec metricModelParam();

} // namespace pikv
