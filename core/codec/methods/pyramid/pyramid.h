// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/parts/metriccompressor.h"
#include "core/codec/parts/tokentiers.h"

namespace pikv {

/// The seed's Pyramid made real: tokens in levels by importance, each level a prefix of one nested transform whose
/// components get bits by reverse water-filling, so that the stored bytes meet `compression_ratio`.
class Pyramid : public MetricCompressor {
public:
    using MetricCompressor::MetricCompressor;
    void validate(const CacheInfo& info) const override;
    std::vector<std::string> warnings(const CacheInfo& info) const override;

protected:
    void calibrateLayer(
        const std::vector<LayerInput>& inputs, SectionSet& out, const CodecContext& context) const override;
    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const override;
    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override;

private:
    bool byLayer() const { return params().text("axis") == "layer"; }
    bool isAdaptive() const { return params().text("coding") == "adaptive"; }
    void encodeAdaptively(
        const LayerInput& input, const TokenTiers& map, SectionSet& out, const CodecContext& context) const;
    /// Whether components measure errors by more than plain squares: those of this layer, or the calibration's.
    bool isInMetric(const LayerInput& input, const LayerMetric& own) const;
    bool isShared() const { return !params().text("shared").empty(); }
    int levels() const { return byLayer() ? 1 : static_cast<int>(params().integer("num_levels")); }
    /// The layer's share of the target: the same for all, or falling linearly with depth (PyramidKV, beta = 20).
    double layerRatio(int index, int count) const;
    /// Bits that may be spent on basis and coefficients.
    std::int64_t budgetBits(const LayerShape& shape, int index, int count) const;
    /// Bytes of a layer's sections with coding=adaptive.
    std::int64_t streamBudget(const LayerShape& shape, int index, int count) const;
    TokenTiers tiers(const LayerInput& input, const CodecContext& context) const;
};

} // namespace pikv
