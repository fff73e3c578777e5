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
    /// `layer`: a LayerInput or LayerOutput.
    template <typename Layer>
    LayerPrediction(Prediction kind, const Layer& layer, const JobControl& job)
        : m_kind(kind)
        , m_place { layer.index, layer.sequence, layer.shape.batch, layer.positions, layer.earlier }
        , m_job(job)
    {
        findBefore();
    }
    LayerPrediction(const LayerPrediction&) = delete;
    LayerPrediction& operator=(const LayerPrediction&) = delete;

    /// What the side is predicted from, f32 [rows, inputs]; undefined where there is nothing.
    at::Tensor inputs(bool isKey) const;
    /// The side's rows as the calibration's layer predicts them, f32 [rows, width]; undefined where there is nothing.
    at::Tensor of(const SectionSet* shared, bool isKey, std::int64_t width) const;
    /// Takes the side's decoded rows; nothing where nobody is predicted from them.
    RowSink sink(bool isKey, std::int64_t width);
    /// Both sides are there: later layers may have them.
    void finish();

private:
    struct Place {
        int layer;
        std::int64_t sequence, batch;
        at::Tensor positions;
        EarlierRows* earlier;
    };
    void findBefore();

    const Prediction m_kind;
    const Place m_place;
    const JobControl& m_job;
    at::Tensor m_before;
    std::array<at::Tensor, 2> m_sides;
};

} // namespace pikv
