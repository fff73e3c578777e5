// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps decoded rows of a layer in the order in which encode and decode both have them.
#include "core/codec/methods/fisher/layerprediction.h"
#include "core/codec/earlierrows.h"
#include "core/codec/parts/rowpredictor.h"
#include <ATen/ops/empty.h>

namespace pikv {
namespace {

const char* nameOf(bool isKey) { return isKey ? "k" : "v"; }

at::Tensor beforeOf(Prediction kind, const EarlierRows* earlier, std::int64_t sequence, const at::Tensor& positions,
    std::int64_t batch, const JobControl& job)
{
    return kind == Prediction::Layers && earlier ? earlier->before(sequence, positions, batch, job) : at::Tensor();
}

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

LayerPrediction::LayerPrediction(Prediction kind, const LayerInput& input, const JobControl& job)
    : m_kind(kind)
    , m_earlier(input.earlier)
    , m_sequence(input.sequence)
    , m_rows(input.shape.batch * input.shape.seq)
    , m_positions(input.positions)
    , m_job(job)
    , m_before(beforeOf(kind, m_earlier, m_sequence, m_positions, input.shape.batch, job))
{
}

LayerPrediction::LayerPrediction(Prediction kind, const LayerOutput& output, const JobControl& job)
    : m_kind(kind)
    , m_earlier(output.earlier)
    , m_sequence(output.sequence)
    , m_rows(output.shape.batch * output.shape.seq)
    , m_positions(output.positions)
    , m_job(job)
    , m_before(beforeOf(kind, m_earlier, m_sequence, m_positions, output.shape.batch, job))
{
}

at::Tensor LayerPrediction::inputs(bool isKey) const
{
    return isKey || !any() ? m_before : sideBySide({ m_before, m_sides[0] }, m_job);
}

at::Tensor LayerPrediction::of(const SectionSet* shared, bool isKey, std::int64_t width) const
{
    const at::Tensor from = shared && any() ? inputs(isKey) : at::Tensor();
    return from.defined() ? RowPredictor::read(*shared, nameOf(isKey), from.size(1), width).predict(from, m_job)
                          : at::Tensor();
}

RowSink LayerPrediction::sink(bool isKey, std::int64_t width)
{
    if (!any())
        return {};
    const at::Tensor rows = m_sides[isKey ? 0 : 1] = at::empty({ m_rows, width }, at::kFloat);
    return [rows](std::int64_t first, const at::Tensor& block) { rows.narrow(0, first, block.size(0)).copy_(block); };
}

void LayerPrediction::finish()
{
    if (m_kind == Prediction::Layers && m_earlier)
        m_earlier->add(m_sequence, m_positions, m_sides);
}

} // namespace pikv
