// SPDX-License-Identifier: GPL-3.0-or-later
// "side" holds the transform's kind (u8), log2 of the step in 1024ths (i16), the level map, the levels' classes (i8
// each) and, where components are not fitted here, of each side: the unit (f32), means (f16, without a calibration) and
// the sizes of components (i8). Classes that single rows needed to be wider stand in "k.steps" and "v.steps".
#include "core/codec/methods/pyramid/pyramidstream.h"
#include "core/base/error.h"
#include "core/codec/methods/pyramid/pyramidside.h"
#include "core/codec/parts/fisherside.h"
#include "core/codec/parts/ownbases.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/ratesearch.h"
#include "core/codec/parts/rowsteps.h"
#include "core/codec/parts/sharedbasis.h"
#include "core/codec/parts/siderows.h"
#include "core/codec/tensorbytes.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace pikv {
namespace {

enum class Kind : std::uint8_t { Channels, Fitted, Shared };
constexpr double fineOctave = 1024; ///< of the stored step
constexpr int widestLevel = 8; ///< class, either way
constexpr double tolerance = 0.01; ///< of the budget

double stepOf(std::int16_t log) { return std::exp2(log / fineOctave); }

std::string nameOf(bool isKey) { return isKey ? "k" : "v"; }

/// Components that are not fitted for this cache: of one side.
struct GivenComponents {
    float unit = 1; ///< length of a step of 1
    at::Tensor means; ///< f32 [width]
    std::vector<std::int8_t> sizes; ///< [width], heads one after the other: levelSize() of each

    /// `bases`: of the side's heads; empty: channels.
    FisherTransform transform(const std::vector<HeadBasis>& bases) const
    {
        const std::int64_t width = means.numel(), dim = bases.empty() ? 1 : bases.front().mean().numel();
        at::Tensor rows = bases.empty() ? at::eye(width, at::kFloat) : at::zeros({ width, width }, at::kFloat);
        for (std::size_t h = 0; h < bases.size(); ++h) {
            const std::int64_t at = static_cast<std::int64_t>(h) * dim;
            const HeadBasis& basis = bases[h];
            rows.narrow(0, at, dim)
                .narrow(1, at, dim)
                .copy_(basis.isIdentity() ? at::eye(dim, at::kFloat) : basis.vectors().cpu());
        }
        const at::Tensor order = at::zeros({ width }, at::kLong);
        auto* place = order.data_ptr<std::int64_t>();
        std::iota(place, place + width, 0);
        std::stable_sort(place, place + width, [&](std::int64_t a, std::int64_t b) {
            return sizes[static_cast<std::size_t>(a)] > sizes[static_cast<std::size_t>(b)];
        });
        FisherTransform t;
        t.mean = means;
        t.synthesis = rows.index_select(0, order).mul_(unit).contiguous();
        for (std::int64_t i = 0; i < width; ++i)
            t.sizes.push_back(sizes[static_cast<std::size_t>(place[i])]);
        return t;
    }
};

std::vector<HeadBasis> ofSide(const std::vector<HeadBasis>& all, bool isKey)
{
    const auto half = static_cast<std::ptrdiff_t>(all.size() / 2);
    return isKey ? std::vector(all.begin(), all.begin() + half) : std::vector(all.begin() + half, all.end());
}

at::Tensor meansOf(const std::vector<HeadBasis>& bases)
{
    const std::int64_t dim = bases.front().mean().numel();
    at::Tensor means = at::zeros({ static_cast<std::int64_t>(bases.size()) * dim }, at::kFloat);
    for (std::size_t h = 0; h < bases.size(); ++h)
        means.narrow(0, static_cast<std::int64_t>(h) * dim, dim).copy_(bases[h].mean());
    return means;
}

/// How large the components are in these rows, in steps of 1.
GivenComponents measured(
    const at::Tensor& rows, const std::vector<HeadBasis>& bases, bool inMetric, const JobControl& job)
{
    GivenComponents given;
    const double deviation = std::sqrt(rows.to(at::kDouble).var(0, false).mean().item<double>());
    given.unit = static_cast<float>(inMetric ? plainStep : std::max(1e-30, plainStep * deviation));
    given.means = bases.empty() ? rows.mean(0).to(at::kHalf).to(at::kFloat) : meansOf(bases);
    given.sizes.assign(static_cast<std::size_t>(rows.size(1)), 0);
    // All of one size: the components stay in their order.
    const at::Tensor coefficients = at::matmul(rows - given.means, given.transform(bases).analysis(job));
    const at::Tensor squares = coefficients.to(at::kDouble).square().mean(0).sqrt().contiguous();
    for (std::size_t i = 0; i < given.sizes.size(); ++i)
        given.sizes[i] = static_cast<std::int8_t>(std::clamp<int>(levelSize(squares.data_ptr<double>()[i]), -127, 127));
    return given;
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
        const FactorPlanes planes(request.input.shape, false);
        forEachPlane(c10::kCPU, 2, job, [&](std::int64_t p) {
            const auto at = static_cast<std::size_t>(p);
            m_rows.at(at)
                = planeRows(hostInput(), planes.plane(p), p == 0 ? request.rope : std::nullopt).nan_to_num_(0);
            if (m_kind == Kind::Fitted)
                return;
            m_bases.at(at) = m_kind == Kind::Shared ? ofSide(request.shared, p == 0) : std::vector<HeadBasis>();
            m_given.at(at) = measured(m_rows.at(at), m_bases.at(at), request.inMetric, job);
            m_transforms.at(at) = m_given.at(at).transform(m_bases.at(at));
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

    /// All sections at the step that this is the logarithm of.
    SectionSet at(std::int16_t log) const
    {
        const double step = stepOf(log);
        std::array<SectionSet, 2> sides;
        forEachPlane(c10::kCPU, 2, m_job, [&](std::int64_t p) { encodeOne(p == 0, step, sides.at(std::size_t(p))); });
        Bytes side { std::byte(m_kind) };
        appendLe(side, log);
        appendLevelMap(m_request.tiers, side);
        for (const std::int8_t stepClass : m_classes)
            side.push_back(static_cast<std::byte>(stepClass));
        for (std::size_t p = 0; p < 2 && m_kind != Kind::Fitted; ++p) {
            appendLe(side, m_given[p].unit);
            if (m_kind == Kind::Channels) {
                const Bytes means = tensorToBytes(m_given[p].means, DType::F16);
                side.insert(side.end(), means.begin(), means.end());
            }
            for (const std::int8_t size : m_given[p].sizes)
                side.push_back(static_cast<std::byte>(size));
        }
        SectionSet out;
        out.add("side", std::move(side));
        for (const SectionSet& one : sides)
            for (const auto& [name, bytes] : one.all())
                out.add(name, bytes);
        return out;
    }

private:
    LayerInput hostInput() const
    {
        LayerInput input = m_request.input;
        input.kv.key = input.kv.key.cpu();
        input.kv.value = input.kv.value.cpu();
        return input;
    }
    void encodeOne(bool isKey, double step, SectionSet& out) const
    {
        const std::size_t at = isKey ? 0 : 1;
        const std::string side = nameOf(isKey);
        const FisherTransform own = m_kind != Kind::Fitted
            ? m_transforms[at]
            : fitOwnBases(m_rows[at], m_request.input.shape.kvHeads,
                m_request.fisher ? (isKey ? &m_request.fisher->key : &m_request.fisher->value) : nullptr, step, side,
                out, m_job);
        const std::vector<std::int8_t> planned = ofRows(m_classes, m_request.tiers);
        std::vector<std::int8_t> classes = planned;
        Bytes codes = encodeSide(own, m_rows[at], step, classes, m_job);
        if (classes != planned)
            out.add(side + ".steps", packDeviations(planned, classes, m_job));
        out.add(side + ".codes", std::move(codes));
    }

    const PyramidStreamRequest& m_request;
    const JobControl& m_job;
    Kind m_kind;
    std::vector<std::int8_t> m_classes; ///< by level
    std::array<at::Tensor, 2> m_rows; ///< f32 CPU [batch * seq, width], keys first
    std::array<std::vector<HeadBasis>, 2> m_bases;
    std::array<GivenComponents, 2> m_given;
    std::array<FisherTransform, 2> m_transforms;
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
        SectionSet tried;
        try {
            tried = encoder.at(
                static_cast<std::int16_t>(std::clamp(std::lround((octaves + middle) * fineOctave), -32000L, 32000L)));
        } catch (const Error& e) {
            if (e.kind() != ErrorKind::Usage)
                throw;
            return 32 * elements; // steps so fine that no level holds the numbers
        }
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
    for (std::size_t p = 0; p < 2 && kind != Kind::Fitted; ++p) {
        const std::int64_t width = s.kvHeads * (p == 0 ? s.keyDim : s.valueDim);
        const auto channels = static_cast<std::size_t>(width);
        given[p].unit = loadLe<float>(side.take(sizeof(float)).data());
        given[p].means = kind == Kind::Shared
            ? meansOf(ofSide(shared, p == 0)).cpu()
            : tensorFromBytes(side.take(2 * channels), DType::F16, { width }).to(at::kFloat);
        if (!std::isfinite(given[p].unit) || given[p].unit <= 0 || !at::isfinite(given[p].means).all().item<bool>())
            throw inputError("the section 'side' holds what is no number");
        for (const std::byte size : side.take(channels))
            given[p].sizes.push_back(static_cast<std::int8_t>(size));
    }
    const LayerKv place = output.placeOnHost();
    forEachPlane(c10::kCPU, 2, context.job, [&](std::int64_t p) {
        const bool isKey = p == 0;
        const auto at = static_cast<std::size_t>(p);
        const std::string name = nameOf(isKey);
        const std::int64_t dim = isKey ? s.keyDim : s.valueDim;
        const FisherTransform transform = kind == Kind::Fitted
            ? readOwnBases(output.sections, name, s.kvHeads, dim, context.job)
            : given.at(at).transform(kind == Kind::Shared ? ofSide(shared, isKey) : std::vector<HeadBasis>());
        std::vector<std::int8_t> rowClasses = ofRows(classes, tiers);
        if (output.sections.has(name + ".steps"))
            rowClasses = unpackDeviations(rowClasses, output.sections.get(name + ".steps"), context.job);
        const SideRows rows(isKey ? place.key : place.value, isKey ? rope : std::nullopt);
        decodeSide(
            transform, output.sections.get(name + ".codes"), step, rowClasses,
            [&](std::int64_t first, std::int64_t count, const float* block) { rows.store(first, count, block); },
            context.job);
    });
    return { place.key.to(context.device), place.value.to(context.device), {}, {} };
}

} // namespace pikv
