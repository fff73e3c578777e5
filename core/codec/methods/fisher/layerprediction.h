// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/compressor.h"
#include "core/codec/parts/sidestream.h"
#include <array>
#include <cstdint>
#include <string>

namespace pikv {

/// What fisher's parameter `prediction` says: values are predicted from the keys of their layer, or both also from the
/// layers before.
enum class Prediction { None, Layer, Layers };
/// The parameter, and what of it is chosen.
ParamSpec predictionParam();
Prediction predictionOf(const ParamSet& params);

/// What is decoded of a layer, and of those before, while its sides are coded: keys first.
class LayerPrediction {
public:
    LayerPrediction(Prediction kind, const LayerInput& input, const JobControl& job);
    LayerPrediction(Prediction kind, const LayerOutput& output, const JobControl& job);
    LayerPrediction(const LayerPrediction&) = delete;
    LayerPrediction& operator=(const LayerPrediction&) = delete;

    bool any() const { return m_kind != Prediction::None; }
    /// What the side is predicted from, f32 [rows, inputs]; undefined where there is nothing.
    at::Tensor inputs(bool isKey) const;
    /// The side's rows as the calibration's layer predicts them, f32 [rows, width]; undefined where there is nothing.
    at::Tensor of(const SectionSet* shared, bool isKey, std::int64_t width) const;
    /// Takes the side's decoded rows.
    RowSink sink(bool isKey, std::int64_t width);
    /// Both sides are there: later layers may have them.
    void finish();

private:
    const Prediction m_kind;
    EarlierRows* const m_earlier;
    const std::int64_t m_sequence, m_rows;
    const at::Tensor m_positions;
    const JobControl& m_job;
    at::Tensor m_before;
    std::array<at::Tensor, 2> m_sides;
};

} // namespace pikv
