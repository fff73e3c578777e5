// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/codec/cache_reduction/ratesearch.h"
#include "core/codec/cache_reduction/stepclasses.h"
#include "core/codec/cache_reduction/videohead.h"
#include "core/codec/cache_reduction/videostream.h"
#include "core/codec/compressor.h"
#include "core/codec/matrix_factorization/factorplane.h"
#include "core/codec/planes.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

namespace pikv {
namespace {

/// Upper estimate of what the container spends outside the payload: header text, and a size table a section.
constexpr std::int64_t headerBytes = 900, tableBytesPerLayer = 3 * 8;
/// The search works on samples; what was coded may miss the target by this much before it is coded again.
constexpr double searchTolerance = 0.001, codedTolerance = 0.008;
constexpr int mostCorrections = 2;
constexpr std::size_t chunkRows = 256; ///< rows transformed at once: they stay in the cache

/// One head of keys or values in the order they are stored: key and value of a head, then the next head, so that any share of
/// the heads has as many keys as values.
struct HeadPlace {
    bool isKey;
    std::int64_t head;
    explicit HeadPlace(std::int64_t index)
        : isKey(index % 2 == 0)
        , head(index / 2)
    {
    }
};

/// A layer on its way to bytes.
class LayerEncoder {
public:
    LayerEncoder(const LayerInput& input, const KeyframeRule& rule, const std::optional<RopeTable>& rope, const JobControl& job)
        : m_key(rowTensor(input.kv.key))
        , m_value(rowTensor(input.kv.value))
        , m_job(job)
        , m_elements(double(input.shape.elements()))
    {
        if (input.importance.defined()) {
            m_classes = classesOf(input.importance);
            m_weights = input.importance.reshape({ -1 }).cpu().to(at::kFloat) + 1e-3;
        }
        for (std::int64_t i = 0; i < 2 * input.shape.kvHeads; ++i) {
            const HeadPlace place(i);
            const HeadRows rows(place.isKey ? m_key : m_value, place.head, place.isKey && rope ? &*rope : nullptr);
            m_heads.push_back(std::make_unique<VideoHead>(rows, rule, m_classes, m_weights));
        }
    }

    void encode(const std::string& transform, std::int64_t budgetBytes, SectionSet& out)
    {
        if (!m_classes.empty()) {
            Bytes classes = packClasses(m_classes);
            budgetBytes -= static_cast<std::int64_t>(classes.size());
            out.add("classes", std::move(classes));
        }
        const double target = 8 * double(std::max<std::int64_t>(1, budgetBytes));
        const double start = fit(transform, target);
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
        forEachPlane(c10::kCPU, static_cast<std::int64_t>(m_heads.size()), m_job, [&](std::int64_t i) { fn(static_cast<std::size_t>(i)); });
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
    float stepOf(std::size_t i, double octaves) const { return static_cast<float>(m_units[i % 2] * std::exp2(octaves)); }

    /// Learns all heads from samples. Returns where to begin the search.
    double fit(const std::string& transform, double target)
    {
        forHeads([&](std::size_t i) { m_heads[i]->fitBasis(transform != "none"); });
        double energies[2] = { 0, 0 };
        for (std::size_t i = 0; i < m_heads.size(); ++i)
            energies[i % 2] += m_heads[i]->meanEnergy() / double(m_heads.size() / 2);
        m_units[0] = std::sqrt(energies[0] / double(m_key.size(3)));
        m_units[1] = std::sqrt(energies[1] / double(m_value.size(3)));
        const auto usesKlt = [&](std::size_t i, double octaves) {
            return transform == "klt"
                || (transform == "auto" && m_heads[i]->expectedBits(stepOf(i, octaves), true) < m_heads[i]->expectedBits(stepOf(i, octaves), false));
        };
        const auto expected = [&](double octaves) {
            double bits = 0;
            for (std::size_t i = 0; i < m_heads.size(); ++i)
                bits += m_heads[i]->expectedBits(stepOf(i, octaves), usesKlt(i, octaves));
            return bits;
        };
        const double octaves = searchRate(expected, target, m_elements, -4, 0.01).octaves;
        forHeads([&](std::size_t i) { m_heads[i]->fitPrediction(usesKlt(i, octaves)); });
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
    const JobControl& m_job;
    double m_elements;
    double m_units[2] = { 1, 1 };
    std::vector<std::uint8_t> m_classes;
    std::vector<std::unique_ptr<VideoHead>> m_heads;
    Bytes m_side, m_codes;
};

void decodeHead(const VideoModel& model, const KeyframeRule& rule, const std::vector<std::uint8_t>& classes, ByteSpan codes,
    const HeadRows& target, const JobControl& job)
{
    const HeadTransform back(model.basis, HeadTransform::Direction::Back);
    const ResidualQuantiser quantiser = model.quantiser();
    const std::size_t dim = model.dim(), seq = static_cast<std::size_t>(target.seq()), rows = static_cast<std::size_t>(target.batch()) * seq;
    const std::size_t most = std::min(VideoStream::blockRows, rows);
    VideoStream stream(model, rule, target.seq());
    std::vector<std::uint8_t> isKey(most);
    std::vector<std::int16_t> levels(most * dim);
    std::vector<float> values(chunkRows * dim), decoded(chunkRows * dim), state(dim), steps(chunkRows);
    std::size_t at = 0;
    // Pieces end with a block and with a batch item, whose first token is a keyframe.
    for (std::size_t row = 0, count = 0; row < rows; row += count) {
        const std::size_t inBlock = row % VideoStream::blockRows, left = std::min(most, rows - row + inBlock);
        const std::span<const std::uint8_t> all = classes;
        if (inBlock == 0) {
            job.checkpoint();
            stream.decode(codes, at, all.empty() ? all : all.subspan(row, left), { isKey.data(), left }, levels.data());
        }
        count = std::min({ chunkRows, left - inBlock, seq - row % seq });
        for (std::size_t t = 0; t < count; ++t)
            steps[t] = model.step * stepFactor(all.empty() ? 0 : all[row + t]);
        rebuildResiduals(quantiser, { count, steps.data(), isKey.data() + inBlock }, levels.data() + inBlock * dim, state.data(), values.data());
        back.apply(values.data(), static_cast<std::int64_t>(count), decoded.data());
        target.store(static_cast<std::int64_t>(row / seq), static_cast<std::int64_t>(row % seq), static_cast<std::int64_t>(count), decoded.data());
    }
    if (at != codes.size())
        throw inputError("the section 'codes' does not end where it should");
}

/// The seed's FastVideo made real: a closed-loop video codec whose frames are tokens.
class FastVideo : public LayerwiseCompressor {
public:
    using LayerwiseCompressor::LayerwiseCompressor;

    std::vector<std::string> warnings(const CacheInfo& info) const override
    {
        std::vector<std::string> list;
        if (undoes() && !info.rope.invertible())
            list.push_back("rope=undo has no effect: the dump does not say how its keys were rotated");
        for (const LayerShape& shape : info.layers)
            if (budget(shape, static_cast<int>(info.layers.size())) < shape.kvHeads * (shape.keyDim + shape.valueDim) * 4) {
                list.push_back("fastvideo: compression_ratio=" + printParam(params().real("compression_ratio"))
                    + " is below what the side information of this shape takes; the target is missed");
                break;
            }
        return list;
    }

protected:
    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const override
    {
        const auto rope = keyRotation(undoes(), input.rope, input.positions.cpu(), input.shape.keyDim);
        LayerEncoder encoder(input, rule(), rope, context.job);
        encoder.encode(params().text("transform"), budget(input.shape, input.layerCount), out);
    }

    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override
    {
        const LayerShape& s = output.shape;
        const auto rope = keyRotation(undoes(), output.rope, output.positions.cpu(), s.keyDim);
        std::vector<std::uint8_t> classes;
        if (output.sections.has("classes"))
            classes = unpackClasses(output.sections.get("classes"), static_cast<std::size_t>(s.batch * s.seq));
        const at::Tensor key = at::empty({ s.batch, s.kvHeads, s.seq, s.keyDim }, torchType(s.keyDtype));
        const at::Tensor value = at::empty({ s.batch, s.kvHeads, s.seq, s.valueDim }, torchType(s.valueDtype));
        const ByteSpan side = output.sections.get("side"), codes = output.sections.get("codes");
        std::vector<VideoModel> models;
        std::vector<ByteSpan> parts;
        std::size_t at = 0, begin = 0;
        for (std::int64_t i = 0; i < 2 * s.kvHeads; ++i) {
            models.push_back(VideoModel::read(side, at, HeadPlace(i).isKey ? s.keyDim : s.valueDim));
            if (side.size() - at < 4)
                throw inputError("the section 'side' ends too early");
            const auto size = loadLe<std::uint32_t>(side.data() + at);
            at += 4;
            if (size > codes.size() - begin)
                throw inputError("the section 'codes' ends too early");
            parts.push_back(codes.subspan(begin, size));
            begin += size;
        }
        if (at != side.size() || begin != codes.size())
            throw inputError("the sections 'side' and 'codes' do not fit the cache's shape");
        forEachPlane(c10::kCPU, 2 * s.kvHeads, context.job, [&](std::int64_t i) {
            const HeadPlace place(i);
            const HeadRows target(place.isKey ? key : value, place.head, place.isKey && rope ? &*rope : nullptr);
            const auto n = static_cast<std::size_t>(i);
            decodeHead(models[n], rule(), classes, parts[n], target, context.job);
        });
        return { key.to(context.device), value.to(context.device), {}, {} };
    }

private:
    bool undoes() const { return params().text("rope") == "undo"; }
    KeyframeRule rule() const { return { params().integer("keyframe_interval"), params().real("motion_threshold") }; }
    /// Bytes of the layer's sections.
    std::int64_t budget(const LayerShape& shape, int layers) const
    {
        return std::llround(params().real("compression_ratio") * double(shape.elements()) * 2 - double(headerBytes) / layers) - tableBytesPerLayer;
    }
};

const MethodRegistration registration { withFactory<FastVideo>({
    .id = "fastvideo",
    .label = "FastVideo",
    .family = "Cache reduction",
    .sentence = "Treats tokens as video frames: keyframes, motion prediction from the decoded token before, transformed and "
                "entropy-coded residuals.",
    .reference = "PiKV FastVideoCompressor; CacheGen, Liu et al. 2024 (arXiv 2310.07240); differential coding, Jayant & Noll 1984, ch. 6",
    .params = {
        param::real("compression_ratio", "Target ratio", 0.5, 0.02, 1.0, 0.01, "", "Stored bytes over 16-bit bytes to aim at; met within 2 %."),
        param::integer("keyframe_interval", "Keyframe interval", 8, 1, 4096, "tokens", "A token that is not predicted comes at least this often.", ParamScale::Log),
        param::real("motion_threshold", "Motion threshold", 0.2, 0.0, 4.0, 0.05, "", "A token whose prediction misses by more than this share of its energy becomes a keyframe."),
        param::choice("transform", "Transform", "auto", { "auto", "klt", "none" }, "klt: principal components of each head, stored; none: raw channels; auto: whichever promises fewer bits."),
        param::choice("rope", "Rotation", "undo", { "undo", "keep" }, "undo: predict keys before their rotation, which is the known motion; keep: as they are."),
    },
    .sweep = "compression_ratio=[0.1,0.15,0.2,0.3,0.5]",
    .make = {},
    .checkedByDefault = true,
}) };

} // namespace
} // namespace pikv
