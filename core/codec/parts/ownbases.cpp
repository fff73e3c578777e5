// SPDX-License-Identifier: GPL-3.0-or-later
// The heads' transforms as one transform of a layer's side, and their bytes: the unit (f32), log2 in 64ths of the step
// that the vector of a component of size 1 is coded with (i16), means (f16), channel scales (i8, log2 in quarters),
// sizes of components (u8), classes by distance (i8), then the vectors as a stream of levels.
#include "core/codec/parts/ownbases.h"
#include "core/base/error.h"
#include "core/base/half.h"
#include "core/codec/parts/planes.h"
#include "core/codec/tensorbytes.h"
#include "core/kernels/levelstream.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

namespace pikv {
namespace {

/// Components whose levels deviate less are not worth their vector.
constexpr double leastDeviation = 0.42;
constexpr std::uint8_t unused = 0;
constexpr int sizeOffset = 128; ///< of the stored log2 sizes in quarters
/// An error ε in each entry of a vector costs every token of n that has its component, of deviation σ: n σ² ε², as much
/// as the tokens' own steps where ε = step / (σ √n). The tokens' coefficients make up for most of it, being found for
/// the vectors as they are coded, so that so much wider steps gave the least divergence at equal bytes.
constexpr double vectorStep = 3;
/// Steps of a vector finer than 2^-9 say no more. In quarters of an octave.
constexpr int finestVector = -36;

/// Steps that are wider than the entries of a unit vector, about 0.8 / √dim, would code it as 0.
int widestVector(std::int64_t dim)
{
    return std::max(finestVector, static_cast<int>(std::floor(-2 * std::log2(static_cast<double>(dim)))));
}

/// What is stored of one side.
struct Stored {
    float unit = 1; ///< a step of 1 of a channel whose scale is 1
    std::int16_t vectorLog = 0; ///< log2 of a vector's step, in 64ths, where the component's size at a step of 1 is 1
    at::Tensor means; ///< f32 [heads, dim], of f16 values
    std::vector<std::int8_t> scales; ///< [heads * dim], log2 in quarters
    std::vector<std::uint8_t> sizes; ///< [heads * dim], at a step of 1, with the offset; unused: not stored
    std::vector<std::int8_t> distances;
    std::vector<std::int16_t> levels; ///< [used components, dim]
};

/// log2, in quarters, of the step that a component's vector, of `dim` entries, is coded with. `at`: its place among all
/// components, by which rounding to quarters is spread: else all vectors would become finer at once, and the file's
/// size would jump.
int vectorStepLog(const Stored& s, std::int64_t dim, std::size_t at)
{
    constexpr int fine = 16; // in a quarter
    const int spread = static_cast<int>(at * 7 % fine), log = s.vectorLog + spread;
    const int quarters = log >= 0 ? log / fine : -((fine - 1 - log) / fine);
    return std::clamp(quarters - (s.sizes[at] - sizeOffset), finestVector, widestVector(dim));
}

/// As LevelLayout wants it: a token a vector.
struct VectorLayout {
    std::vector<std::int16_t> sizes;
    std::vector<std::int8_t> classes;

    VectorLayout(const Stored& s, std::int64_t dim)
    {
        // An entry of a unit vector is about 0.8 / sqrt(dim).
        const double entry = 4 * std::log2(0.8 / std::sqrt(static_cast<double>(dim)));
        sizes.assign(static_cast<std::size_t>(dim), static_cast<std::int16_t>(std::lround(entry) - finestVector));
        for (std::size_t i = 0; i < s.sizes.size(); ++i)
            if (s.sizes[i] != unused)
                classes.push_back(static_cast<std::int8_t>((vectorStepLog(s, dim, i) - finestVector) / 2));
    }
    LevelLayout layout() const { return { sizes.size(), sizes, classes }; }
};

/// Vectors as decode has them, f32 [used, dim], of unit length about.
at::Tensor vectorsOf(const Stored& s, std::int64_t dim)
{
    const auto used = static_cast<std::int64_t>(s.levels.size()) / dim;
    at::Tensor out = at::zeros({ used, dim }, at::kFloat);
    float* value = out.data_ptr<float>();
    std::size_t at = 0;
    for (std::size_t i = 0; i < s.sizes.size(); ++i) {
        if (s.sizes[i] == unused)
            continue;
        const double step = std::exp2(vectorStepLog(s, dim, i) / 4.0);
        for (std::int64_t c = 0; c < dim; ++c, ++at)
            value[at] = static_cast<float>(step * s.levels[at]);
    }
    return out;
}

/// Synthesis rows of one head, f32 [used by it, dim], in the order of its components.
std::vector<at::Tensor> synthesisOf(const Stored& s, std::int64_t heads, std::int64_t dim)
{
    const at::Tensor vectors = vectorsOf(s, dim);
    std::vector<at::Tensor> out;
    std::int64_t from = 0;
    for (std::int64_t h = 0; h < heads; ++h) {
        const auto* sizes = s.sizes.data() + h * dim;
        const std::int64_t used = dim - std::count(sizes, sizes + dim, unused);
        at::Tensor scales = at::zeros({ dim }, at::kFloat);
        for (std::int64_t c = 0; c < dim; ++c)
            scales.data_ptr<float>()[c]
                = static_cast<float>(s.unit * std::exp2(s.scales[static_cast<std::size_t>(h * dim + c)] / 4.0));
        out.push_back(vectors.narrow(0, from, used) * scales);
        from += used;
    }
    return out;
}

/// Components of all heads, the strongest first; those that are not stored come last. With the heads' `analyses` f32
/// [dim, used] (a component a column) also the way there.
SideTransform joined(const Stored& s, std::int64_t dim, const std::vector<at::Tensor>& syntheses,
    const std::vector<at::Tensor>& analyses)
{
    const auto count = static_cast<std::int64_t>(syntheses.size()), width = count * dim;
    std::vector<std::int64_t> order(static_cast<std::size_t>(width)), place(order.size());
    std::iota(order.begin(), order.end(), 0);
    for (std::int64_t h = 0, i = 0; h < count; ++h)
        for (std::int64_t c = 0, next = 0; c < dim; ++c, ++i)
            place[static_cast<std::size_t>(i)] = s.sizes[static_cast<std::size_t>(i)] == unused ? -1 : next++;
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
        return s.sizes[static_cast<std::size_t>(a)] > s.sizes[static_cast<std::size_t>(b)];
    });
    SideTransform t;
    t.mean = s.means.reshape({ width });
    t.synthesis = at::zeros({ width, width }, at::kFloat);
    t.distanceClasses = s.distances;
    if (!analyses.empty())
        t.partialAnalysis = at::zeros({ width, width }, at::kFloat);
    for (std::int64_t i = 0; i < width; ++i) {
        const std::int64_t from = order[static_cast<std::size_t>(i)], head = from / dim;
        const std::int64_t row = place[static_cast<std::size_t>(from)];
        const auto at = static_cast<std::size_t>(head);
        t.sizes.push_back(row < 0 ? std::int16_t { -1000 }
                                  : static_cast<std::int16_t>(s.sizes[static_cast<std::size_t>(from)] - sizeOffset));
        if (row < 0)
            continue;
        t.synthesis[i].narrow(0, head * dim, dim).copy_(syntheses[at][row]);
        if (!analyses.empty())
            t.partialAnalysis.select(1, i).narrow(0, head * dim, dim).copy_(analyses[at].select(1, row));
    }
    return t;
}

/// One head's best transform, before anything is coded.
struct HeadFit {
    at::Tensor metric; ///< f64 [dim, dim], of the whole head, in units of a step of 1
    at::Tensor synthesis; ///< f64 [dim, dim], a component a row, the strongest first
    at::Tensor deviations; ///< f64 [dim], of the levels at a step of 1
};

HeadFit fitHead(const at::Tensor& rows, const at::Tensor& metric)
{
    const at::Tensor x = rows.to(at::kDouble), centred = x - x.mean(0);
    const at::Tensor covariance = at::matmul(centred.t(), centred) / static_cast<double>(x.size(0));
    const MetricRoots roots(metric);
    const linalg::Principal p = linalg::principal(at::matmul(at::matmul(roots.root, covariance), roots.root));
    return { metric, at::matmul(p.rows, roots.inverse).contiguous(), p.values.clamp_min(0).sqrt().contiguous() };
}

/// Levels of the vectors that are used, and the channels' scales behind them.
void codeVectors(Stored& s, const std::vector<HeadFit>& fits, std::int64_t dim)
{
    for (const HeadFit& fit : fits) {
        // As if each channel stood alone: 1 / sqrt(metric) is where its entries are about those of a unit vector.
        const at::Tensor wanted = (-2 * fit.metric.diagonal().log2() - 4 * std::log2(double(s.unit))).contiguous();
        for (std::int64_t c = 0; c < dim; ++c)
            s.scales.push_back(
                static_cast<std::int8_t>(std::clamp(std::lround(wanted.data_ptr<double>()[c]), -127L, 127L)));
    }
    for (std::size_t h = 0; h < fits.size(); ++h)
        for (std::int64_t i = 0; i < dim; ++i) {
            const std::size_t at = h * static_cast<std::size_t>(dim) + static_cast<std::size_t>(i);
            if (s.sizes[at] == unused)
                continue;
            const double step = std::exp2(vectorStepLog(s, dim, at) / 4.0);
            const double* row = fits[h].synthesis.data_ptr<double>() + i * dim;
            for (std::int64_t c = 0; c < dim; ++c) {
                const double scale = s.unit
                    * std::exp2(s.scales[h * static_cast<std::size_t>(dim) + static_cast<std::size_t>(c)] / 4.0);
                s.levels.push_back(
                    static_cast<std::int16_t>(std::clamp(std::lround(row[c] / scale / step), -32767L, 32767L)));
            }
        }
}

/// The way to the coefficients of the coded vectors that leaves the least error in the metric: M Sᵀ (S M Sᵀ)^-1.
at::Tensor analysisOf(const at::Tensor& synthesis, const at::Tensor& metric)
{
    if (synthesis.size(0) == 0)
        return at::zeros({ synthesis.size(1), 0 }, at::kFloat);
    const at::Tensor s = synthesis.to(at::kDouble), projected = at::matmul(s, metric);
    const at::Tensor gram = at::matmul(projected, s.t());
    const at::Tensor ridge
        = at::eye(gram.size(0), at::kDouble) * (1e-9 * gram.diagonal().mean() + 1e-30); // a vector may be coded as 0
    return linalg::solve(gram + ridge, projected).t().to(at::kFloat).contiguous();
}

std::size_t fixedBytes(std::size_t channels)
{
    return sizeof(float) + sizeof(std::int16_t) + 4 * channels + LayerFisher::distances;
}

template <typename T>
void appendAll(Bytes& bytes, const std::vector<T>& values)
{
    const ByteSpan more = asBytes(values.data(), values.size() * sizeof(T));
    bytes.insert(bytes.end(), more.begin(), more.end());
}

template <typename T>
std::vector<T> takeAll(ByteSpan& bytes, std::size_t count)
{
    std::vector<T> values;
    for (std::size_t i = 0; i < count; ++i)
        values.push_back(static_cast<T>(std::to_integer<std::uint8_t>(bytes[i])));
    bytes = bytes.subspan(count);
    return values;
}

} // namespace

SideTransform fitOwnBases(const at::Tensor& rows, std::int64_t heads, const LayerFisher::Side* fisher, double step,
    const std::string& side, SectionSet& out, const JobControl& job)
{
    const std::int64_t dim = rows.size(1) / heads;
    // Owned by both, as it may go on after a stop.
    const auto ofSide = fisher ? std::make_shared<LayerFisher::Side>(*fisher) : nullptr;
    const auto measured = std::make_shared<std::pair<std::optional<RowMetric>, at::Tensor>>();
    runApart(job, [rows, ofSide, measured] { *measured = { RowMetric(rows, ofSide.get()), rows.mean(0) }; });
    const RowMetric& metric = *measured->first;
    Stored s;
    s.unit = static_cast<float>(metric.unit / std::sqrt(metric.metric.diagonal().mean().item<double>()));
    s.vectorLog = static_cast<std::int16_t>(std::clamp(
        std::lround(64 * std::log2(vectorStep * step / std::sqrt(static_cast<double>(rows.size(0))))), -8000L, 8000L));
    s.means = measured->second.to(at::kHalf).to(at::kFloat).view({ heads, dim });
    s.distances = metric.distanceClasses;
    std::vector<HeadFit> fits(static_cast<std::size_t>(heads));
    for (std::int64_t h = 0; h < heads; ++h) {
        job.checkpoint();
        const at::Tensor own
            = metric.metric.narrow(0, h * dim, dim).narrow(1, h * dim, dim) / (metric.unit * metric.unit);
        fits[static_cast<std::size_t>(h)] = fitHead(rows.narrow(1, h * dim, dim), own);
        const at::Tensor deviations = fits[static_cast<std::size_t>(h)].deviations;
        for (std::int64_t i = 0; i < dim; ++i) {
            const double deviation = deviations.data_ptr<double>()[i];
            const std::int16_t size = levelSize(deviation);
            // Not by the rounded size: components that go one by one let the file's size follow the step.
            s.sizes.push_back(deviation < leastDeviation * step
                    ? unused
                    : static_cast<std::uint8_t>(std::clamp(size + sizeOffset, 1, 255)));
        }
    }
    codeVectors(s, fits, dim);
    const std::vector<at::Tensor> syntheses = synthesisOf(s, heads, dim);
    std::vector<at::Tensor> analyses;
    for (std::size_t h = 0; h < fits.size(); ++h) {
        job.checkpoint();
        analyses.push_back(analysisOf(syntheses[h], fits[h].metric));
    }
    Bytes bytes;
    appendLe(bytes, s.unit);
    appendLe(bytes, s.vectorLog);
    const Bytes means = tensorToBytes(s.means, DType::F16);
    bytes.insert(bytes.end(), means.begin(), means.end());
    appendAll(bytes, s.scales);
    appendAll(bytes, s.sizes);
    appendAll(bytes, s.distances);
    encodeLevels(VectorLayout(s, dim).layout(), s.levels.data(), bytes, job);
    out.add(side + ".basis", std::move(bytes));
    return joined(s, dim, syntheses, analyses);
}

SideTransform readOwnBases(
    const SectionSet& sections, const std::string& side, std::int64_t heads, std::int64_t dim, const JobControl& job)
{
    ByteSpan bytes = sections.get(side + ".basis");
    const auto channels = static_cast<std::size_t>(heads * dim);
    const auto refuse = [&](const char* why) { return inputError("section '" + side + ".basis' " + why); };
    if (bytes.size() < fixedBytes(channels))
        throw refuse("is shorter than what it says of its channels");
    Stored s;
    s.unit = loadLe<float>(bytes.data());
    s.vectorLog = loadLe<std::int16_t>(bytes.data() + sizeof(float));
    bytes = bytes.subspan(sizeof(float) + sizeof(std::int16_t));
    if (!std::isfinite(s.unit) || s.unit <= 0)
        throw refuse("holds a step that is none");
    s.means = tensorFromBytes(bytes.first(2 * channels), DType::F16, { heads, dim }).to(at::kFloat);
    if (!at::isfinite(s.means).all().item<bool>())
        throw refuse("holds a mean that is no number");
    bytes = bytes.subspan(2 * channels);
    s.scales = takeAll<std::int8_t>(bytes, channels);
    s.sizes = takeAll<std::uint8_t>(bytes, channels);
    s.distances = takeAll<std::int8_t>(bytes, LayerFisher::distances);
    requireDistanceClasses(s.distances);
    const VectorLayout layout(s, dim);
    s.levels.resize(layout.classes.size() * static_cast<std::size_t>(dim));
    decodeLevels({ layout.layout(), bytes, s.levels.data() }, job);
    return joined(s, dim, synthesisOf(s, heads, dim), {});
}

} // namespace pikv
