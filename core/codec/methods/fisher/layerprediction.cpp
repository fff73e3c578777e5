// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps decoded rows of a layer in the order in which encode and decode both have them.
#include "core/codec/methods/fisher/layerprediction.h"
#include "core/codec/earlierrows.h"
#include "core/codec/parts/rowpredictor.h"
#include <ATen/ops/empty.h>

namespace pikv {
namespace {

const char* nameOf(bool isKey) { return isKey ? "k" : "v"; }

} // namespace

ParamSpec predictionParam()
{
    return param::choice("prediction", "Prediction", "none", { "none", "layer", "layers" },
        "What a calibration learns to predict rows from, of which the rest is coded: layer: values from the keys of "
        "their "
        "layer; layers: both also from the two layers before, which decode then needs; none: every stream is decoded "
        "alone.");
}

Prediction predictionOf(const ParamSet& params)
{
    const std::string& text = params.text("prediction");
    return text == "layers" ? Prediction::Layers : text == "layer" ? Prediction::Layer : Prediction::None;
}

void LayerPrediction::findBefore()
{
    if (m_kind == Prediction::Layers && m_place.earlier)
        m_before = m_place.earlier->before(m_place.layer, m_place.sequence, m_place.positions, m_place.batch, m_job);
}

at::Tensor LayerPrediction::inputs(bool isKey) const
{
    return isKey ? m_before : sideBySide({ m_before, m_sides[0] }, m_job);
}

at::Tensor LayerPrediction::of(const SectionSet* shared, bool isKey, std::int64_t width) const
{
    const at::Tensor from = shared ? inputs(isKey) : at::Tensor();
    return from.defined() ? RowPredictor::read(*shared, nameOf(isKey), from.size(1), width).predict(from, m_job)
                          : at::Tensor();
}

RowSink LayerPrediction::sink(bool isKey, std::int64_t width)
{
    if (m_kind == Prediction::None || (m_kind == Prediction::Layer && !isKey))
        return {};
    const at::Tensor rows = m_sides[isKey ? 0 : 1]
        = at::empty({ m_place.batch * m_place.positions.size(0), width }, at::kFloat);
    return [rows](std::int64_t first, const at::Tensor& block) { rows.narrow(0, first, block.size(0)).copy_(block); };
}

void LayerPrediction::finish()
{
    if (m_kind == Prediction::Layers && m_place.earlier)
        m_place.earlier->add(m_place.layer, m_place.sequence, m_place.positions, m_sides);
}

} // namespace pikv
