// SPDX-License-Identifier: GPL-3.0-or-later
// Encodes a layer: heads learn from samples, a search finds the step that meets the target, and what was coded is
// checked against it.
#include "core/codec/methods/fastvideo/stepclasses.h"
#include "core/codec/methods/fastvideo/videohead.h"
#include "core/codec/methods/fastvideo/videolayer.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/ratesearch.h"
#include <ATen/TensorOperators.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

namespace pikv {
namespace {

/// The search works on samples; what was coded may miss the target by this much before it is coded again.
constexpr double searchTolerance = 0.001, codedTolerance = 0.008;
constexpr int mostCorrections = 2;

/// A layer on its way to bytes.
class LayerEncoder {
public:
    LayerEncoder(const LayerInput& input, const VideoSettings& settings, const std::optional<RopeTable>& rope,
        const JobControl& job)
        : m_key(rowTensor(input.kv.key))
        , m_value(rowTensor(input.kv.value))
        , m_transform(settings.transform)
        , m_job(job)
        , m_elements(double(input.shape.elements()))
    {
        if (input.importance.defined()) {
            m_classes = classesOf(input.importance);
            m_weights = input.importance.reshape({ -1 }).cpu().to(at::kFloat) + 1e-3;
        }
        for (std::int64_t i = 0; i < 2 * input.shape.kvHeads; ++i) {
            const VideoPlace place(i);
            const HeadRows rows(place.isKey ? m_key : m_value, place.head, place.isKey && rope ? &*rope : nullptr);
            m_heads.push_back(
                std::make_unique<VideoHead>(rows, settings.rule, m_classes, settings.calibratedOf(place)));
        }
    }

    void encode(std::int64_t budgetBytes, SectionSet& out)
    {
        if (!m_classes.empty()) {
            Bytes classes = packClasses(m_classes);
            budgetBytes -= static_cast<std::int64_t>(classes.size());
            out.add("classes", std::move(classes));
        }
        const double target = 8 * double(std::max<std::int64_t>(1, budgetBytes));
        const double start = fit(target);
        const auto measure = [&](double octaves) {
            return sumOverHeads([&](std::size_t i) { return m_heads[i]->measure(stepOf(i, octaves)); });
        };
        RatePoint point = searchRate(measure, target, m_elements, start, searchTolerance);
        code(point.octaves);
        for (int i = 0; i < mostCorrections && !measuresAll(); ++i) {
            const double miss = double(m_side.size() + m_codes.size()) * 8 - target;
            if (std::abs(miss) <= codedTolerance * target)
                break;
            point.octaves -= miss / point.slope;
            code(point.octaves);
        }
        out.add("side", std::move(m_side));
        out.add("codes", std::move(m_codes));
    }

private:
    template <typename F>
    void forHeads(F fn)
    {
        forEachPlane(c10::kCPU, static_cast<std::int64_t>(m_heads.size()), m_job,
            [&](std::int64_t i) { fn(static_cast<std::size_t>(i)); });
    }

    template <typename F>
    double sumOverHeads(F fn)
    {
        std::vector<double> parts(m_heads.size());
        forHeads([&](std::size_t i) { parts[i] = fn(i); });
        double sum = 0;
        for (double part : parts)
            sum += part;
        return sum;
    }

    bool measuresAll() const { return m_heads.front()->measuresAll(); }

    /// Errors count relative to the energy of keys and of values, so steps are in units of their root mean squares.
    float stepOf(std::size_t i, double octaves) const
    {
        return static_cast<float>(m_units[i % 2] * std::exp2(octaves));
    }

    /// Learns all heads from samples. Returns where to begin the search.
    double fit(double target)
    {
        forHeads([&](std::size_t i) { m_heads[i]->transforms().fit(m_weights, m_transform != "none", m_job); });
        double energies[2] = { 0, 0 };
        for (std::size_t i = 0; i < m_heads.size(); ++i)
            energies[i % 2] += m_heads[i]->transforms().meanEnergy() / double(m_heads.size() / 2);
        m_units[0] = std::sqrt(energies[0] / double(m_key.size(3)));
        m_units[1] = std::sqrt(energies[1] / double(m_value.size(3)));
        const auto best = [&](std::size_t i, double octaves) {
            std::pair<double, std::size_t> least { std::numeric_limits<double>::infinity(), 0 };
            const VideoTransforms& transforms = m_heads[i]->transforms();
            for (std::size_t t = 0; t < transforms.size(); ++t)
                if (m_transform != "klt" || !transforms.basis(t).isIdentity())
                    least = std::min(least, { transforms.expectedBits(stepOf(i, octaves), t), t });
            return least;
        };
        const auto expected = [&](double octaves) {
            double bits = 0;
            for (std::size_t i = 0; i < m_heads.size(); ++i)
                bits += best(i, octaves).first;
            return bits;
        };
        const double octaves = searchRate(expected, target, m_elements, -4, 0.01).octaves;
        forHeads([&](std::size_t i) { m_heads[i]->fitPrediction(best(i, octaves).second); });
        return octaves;
    }

    void code(double octaves)
    {
        std::vector<Bytes> sides(m_heads.size()), codes(m_heads.size());
        forHeads([&](std::size_t i) { m_heads[i]->encode(stepOf(i, octaves), sides[i], codes[i], m_job); });
        m_side.clear();
        m_codes.clear();
        std::size_t bytes = 0;
        for (const Bytes& part : codes)
            bytes += part.size();
        m_codes.reserve(bytes);
        for (std::size_t i = 0; i < m_heads.size(); ++i) {
            m_side.insert(m_side.end(), sides[i].begin(), sides[i].end());
            m_codes.insert(m_codes.end(), codes[i].begin(), codes[i].end());
        }
    }

    at::Tensor m_key, m_value, m_weights;
    const std::string m_transform;
    const JobControl& m_job;
    double m_elements;
    double m_units[2] = { 1, 1 };
    std::vector<std::uint8_t> m_classes;
    std::vector<std::unique_ptr<VideoHead>> m_heads;
    Bytes m_side, m_codes;
};

} // namespace

void encodeVideo(const LayerInput& input, const VideoSettings& settings, const std::optional<RopeTable>& rope,
    std::int64_t budgetBytes, SectionSet& out, const JobControl& job)
{
    LayerEncoder(input, settings, rope, job).encode(budgetBytes, out);
}

} // namespace pikv
