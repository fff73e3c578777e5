// SPDX-License-Identifier: GPL-3.0-or-later
// "side" holds the transform's kind (u8), log2 of the step in 1024ths (i16), the level map, the levels' classes (i8
// each) and, where components are not fitted here, the GivenComponents of keys and of values. Classes that single rows
// needed to be wider stand in "k.steps" and "v.steps".
#include "core/codec/methods/pyramid/pyramidstream.h"
#include "core/base/error.h"
#include "core/codec/methods/pyramid/givencomponents.h"
#include "core/codec/methods/pyramid/pyramidside.h"
#include "core/codec/parts/ownbases.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/ratesearch.h"
#include "core/codec/parts/rowsteps.h"
#include "core/codec/parts/siderows.h"
#include "core/codec/parts/sidestream.h"
#include <ATen/TensorOperators.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace pikv {
namespace {

enum class Kind : std::uint8_t { Channels, Fitted, Shared };
constexpr double fineOctave = 1024; ///< of the stored step
constexpr int widestLevel = 8; ///< class, either way
constexpr double tolerance = 0.01; ///< of the budget

double stepOf(std::int16_t log) { return std::exp2(log / fineOctave); }

std::string nameOf(bool isKey) { return isKey ? "k" : "v"; }

/// Of all heads of a layer those of keys, or of values.
std::vector<HeadBasis> ofSide(const std::vector<HeadBasis>& all, bool isKey)
{
    const auto half = static_cast<std::ptrdiff_t>(all.size() / 2);
    return isKey ? std::vector(all.begin(), all.begin() + half) : std::vector(all.begin() + half, all.end());
}

/// A level's errors may be so much larger as its tokens count less.
std::vector<std::int8_t> classesOf(const std::vector<double>& weights, const TokenTiers& tiers)
{
    double sum = 0;
    for (const std::uint8_t level : tiers.level)
        sum += weights[level];
    std::vector<std::int8_t> classes;
    for (const double weight : weights) {
        const double relative = weight * static_cast<double>(tiers.level.size()) / std::max(sum, 1e-30);
        classes.push_back(static_cast<std::int8_t>(
            std::clamp<long>(weight > 0 ? std::lround(-std::log2(relative)) : 0, -widestLevel, widestLevel)));
    }
    return classes;
}

std::vector<std::int8_t> ofRows(const std::vector<std::int8_t>& classes, const TokenTiers& tiers)
{
    std::vector<std::int8_t> rows;
    for (const std::uint8_t level : tiers.level)
        rows.push_back(classes[level]);
    return rows;
}

/// The layer at any step, with what does not depend on it.
class StreamEncoder {
public:
    StreamEncoder(const PyramidStreamRequest& request, const JobControl& job)
        : m_request(request)
        , m_job(job)
        , m_kind(!request.klt              ? Kind::Channels
                  : request.shared.empty() ? Kind::Fitted
                                           : Kind::Shared)
        , m_classes(classesOf(request.weights, request.tiers))
    {
        forEachPlane(c10::kCPU, 2, job, [&](std::int64_t p) {
            const auto at = static_cast<std::size_t>(p);
            m_rows.at(at)
                = SideRows(p == 0 ? request.input.kv.key : request.input.kv.value, p == 0 ? request.rope : std::nullopt)
                      .load(job);
            if (m_kind == Kind::Fitted)
                return;
            const bool isShared = m_kind == Kind::Shared;
            m_given.at(at)
                = GivenComponents(m_rows.at(at), isShared ? ofSide(request.shared, p == 0) : std::vector<HeadBasis>(),
                    isShared && request.inMetric, job);
            m_transforms.at(at) = m_given.at(at).transform();
        });
    }

    /// log2 of the step that is 4 % of what components deviate, about.
    double typicalOctaves() const
    {
        if (m_kind != Kind::Fitted || !m_request.fisher)
            return 0;
        double octaves = 0;
        for (std::size_t p = 0; p < 2; ++p) {
            const RowMetric metric(m_rows[p], p == 0 ? &m_request.fisher->key : &m_request.fisher->value);
            const at::Tensor energy = m_rows[p].to(at::kDouble).var(0, false) * metric.metric.diagonal();
            octaves
                += 0.5 * std::log2(std::max(1e-30, plainStep * std::sqrt(energy.mean().item<double>()) / metric.unit));
        }
        return octaves;
    }

    /// All sections at the step that this is the logarithm of; none where it is too fine.
    SectionSet at(std::int16_t log) const
    {
        const double step = stepOf(log);
        std::array<SectionSet, 2> sides;
        std::array<bool, 2> fits {};
        forEachPlane(c10::kCPU, 2, m_job,
            [&](std::int64_t p) { fits.at(std::size_t(p)) = encodeOne(p == 0, step, sides.at(std::size_t(p))); });
        if (!fits[0] || !fits[1])
            return {};
        Bytes side { std::byte(m_kind) };
        appendLe(side, log);
        appendLevelMap(m_request.tiers, side);
        for (const std::int8_t stepClass : m_classes)
            side.push_back(static_cast<std::byte>(stepClass));
        for (std::size_t p = 0; p < 2 && m_kind != Kind::Fitted; ++p)
            m_given[p].write(side);
        SectionSet out;
        out.add("side", std::move(side));
        for (const SectionSet& one : sides)
            for (const auto& [name, bytes] : one.all())
                out.add(name, bytes);
        return out;
    }

private:
    /// False where the step is too fine.
    bool encodeOne(bool isKey, double step, SectionSet& out) const
    {
        const std::size_t at = isKey ? 0 : 1;
        const std::string side = nameOf(isKey);
        const SideTransform own = m_kind != Kind::Fitted
            ? m_transforms[at]
            : fitOwnBases(m_rows[at], m_request.input.shape.kvHeads,
                m_request.fisher ? (isKey ? &m_request.fisher->key : &m_request.fisher->value) : nullptr, step, side,
                out, m_job);
        const std::vector<std::int8_t> planned = ofRows(m_classes, m_request.tiers);
        std::vector<std::int8_t> classes = planned;
        std::optional<Bytes> codes = encodeSide(own, m_rows[at], {}, step, classes, {}, m_job);
        if (!codes)
            return false;
        if (classes != planned)
            out.add(side + ".steps", packDeviations(planned, classes, m_job));
        out.add(side + ".codes", std::move(*codes));
        return true;
    }

    const PyramidStreamRequest& m_request;
    const JobControl& m_job;
    Kind m_kind;
    std::vector<std::int8_t> m_classes; ///< by level
    std::array<at::Tensor, 2> m_rows; ///< f32 CPU [batch * seq, width], keys first
    std::array<GivenComponents, 2> m_given;
    std::array<SideTransform, 2> m_transforms;
};

} // namespace

void encodePyramidStream(const PyramidStreamRequest& request, SectionSet& out, const CodecContext& context)
{
    const StreamEncoder encoder(request, context.job);
    const LayerShape& s = request.input.shape;
    const double elements = double(s.batch * s.seq * s.kvHeads * (s.keyDim + s.valueDim));
    const double budget = 8 * double(std::max<std::int64_t>(request.budget, 0));
    const double middle = 2 + encoder.typicalOctaves(); // of the search's reach
    SectionSet best;
    double nearest = 0;
    const auto bitsAt = [&](double octaves) {
        context.job.checkpoint();
        SectionSet tried = encoder.at(
            static_cast<std::int16_t>(std::clamp(std::lround((octaves + middle) * fineOctave), -32000L, 32000L)));
        if (tried.all().empty())
            return 32 * elements; // more than any step would take
        const double bits = 8 * double(tried.byteCount());
        if (best.all().empty() || std::abs(bits - budget) < std::abs(nearest - budget)) {
            best = std::move(tried);
            nearest = bits;
        }
        return bits;
    };
    // Plain steps of 1 are 4 % of the deviation, about 4 bits; an octave is a bit.
    searchRate(bitsAt, budget, elements, 2 - budget / elements, tolerance);
    if (best.all().empty())
        throw usageError("pyramid: the cache's numbers are too far apart for coding=adaptive; take coding=packed");
    for (const auto& [name, bytes] : best.all())
        out.add(name, bytes);
}

std::int64_t leastStreamBytes(const LayerShape& shape, int levels)
{
    constexpr std::int64_t ofChannel = 4; // mean, scale, size
    return static_cast<std::int64_t>(levelMapBytes(levels, shape.batch * shape.seq))
        + ofChannel * shape.kvHeads * (shape.keyDim + shape.valueDim);
}

bool isPyramidStream(const SectionSet& sections) { return sections.has("k.codes"); }

LayerKv decodePyramidStream(const LayerOutput& output, int levels, const std::vector<HeadBasis>& shared,
    const std::optional<RopeTable>& rope, const CodecContext& context)
{
    const LayerShape& s = output.shape;
    PyramidSide side { output.sections.get("side") };
    const auto kind = Kind { std::to_integer<std::uint8_t>(side.take(1)[0]) };
    if (kind > Kind::Shared || (kind == Kind::Shared) == shared.empty())
        throw inputError("the section 'side' names a transform that does not exist");
    const double step = stepOf(loadLe<std::int16_t>(side.take(2).data()));
    const TokenTiers tiers = readLevelMap(side, levels, s.batch * s.seq);
    std::vector<std::int8_t> classes;
    for (const std::byte stepClass : side.take(static_cast<std::size_t>(levels))) {
        classes.push_back(static_cast<std::int8_t>(stepClass));
        if (std::abs(classes.back()) > widestLevel)
            throw inputError("the section 'side' names a step that does not exist");
    }
    std::array<GivenComponents, 2> given;
    for (std::size_t p = 0; p < 2 && kind != Kind::Fitted; ++p)
        given[p] = GivenComponents::read(side, kind == Kind::Shared ? ofSide(shared, p == 0) : std::vector<HeadBasis>(),
            s.kvHeads * (p == 0 ? s.keyDim : s.valueDim));
    const LayerKv place = output.placeOnHost();
    std::array<std::optional<StoredSide>, 2> sides;
    forEachPlane(c10::kCPU, 2, context.job, [&](std::int64_t p) {
        const auto at = static_cast<std::size_t>(p);
        const std::string name = nameOf(p == 0);
        SideTransform transform = kind == Kind::Fitted
            ? readOwnBases(output.sections, name, s.kvHeads, p == 0 ? s.keyDim : s.valueDim, context.job)
            : given.at(at).transform();
        std::vector<std::int8_t> rowClasses = ofRows(classes, tiers);
        if (output.sections.has(name + ".steps"))
            rowClasses = unpackDeviations(rowClasses, output.sections.get(name + ".steps"), context.job);
        sides.at(at).emplace(std::move(transform), output.sections.get(name + ".codes"), step, std::move(rowClasses));
    });
    StoredSide::readLevels(*sides[0], *sides[1], context.job);
    forEachPlane(c10::kCPU, 2, context.job, [&](std::int64_t p) {
        const SideRows rows(p == 0 ? place.key : place.value, p == 0 ? rope : std::nullopt);
        sides.at(static_cast<std::size_t>(p))
            ->rebuild(
                {}, [&](std::int64_t first, const at::Tensor& block) { rows.store(first, block, context.job); },
                context.job);
    });
    return { place.key.to(context.device), place.value.to(context.device), {}, {} };
}

} // namespace pikv
