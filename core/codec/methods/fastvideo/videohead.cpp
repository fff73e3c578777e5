// SPDX-License-Identifier: GPL-3.0-or-later
// One head on its way to bytes. Prediction and keyframes are fitted to a sample once; for every step that the search
// tries, the sample is quantised, the levels' distributions are fitted and their bits counted; the step it ends with
// codes all tokens.
#include "core/codec/methods/fastvideo/videohead.h"
#include "core/codec/methods/fastvideo/stepclasses.h"
#include "core/codec/methods/fastvideo/videostream.h"
#include <algorithm>
#include <cmath>
#include <numbers>

namespace pikv {
namespace {

constexpr float largestLevel = 32000; ///< aimed at; the rest is room for what the sample did not show
constexpr std::int64_t chunkRows = 256;
constexpr double blockOverheadBits = (8 + 16) * 8;

/// Where the mean of Laplace-distributed values within an interval of one step lies, from the interval's inner end;
/// their standard deviation is `ratio` steps (Sullivan 1996, IEEE Trans. IT 42(5)).
float laplaceCentre(double ratio)
{
    const double a = std::numbers::sqrt2 / std::max(ratio, 0.05);
    return static_cast<float>(a < 1e-3 ? 0.5 : 1 / a - 1 / std::expm1(a));
}

/// Nearest for fine steps; a wider zero bin where a level costs more bits than it saves error.
float roundingFor(double ratio) { return static_cast<float>(std::clamp(0.36 + 0.1 * ratio, 0.38, 0.5)); }

/// Entropy of `count` decisions of which `cuts` are yes, in bits.
double decisionBits(std::size_t count, double share)
{
    if (share <= 0 || share >= 1)
        return 0;
    return -double(count) * (share * std::log2(share) + (1 - share) * std::log2(1 - share));
}

} // namespace

VideoHead::VideoHead(
    HeadRows rows, const KeyframeRule& rule, const std::vector<std::uint8_t>& classes, const HeadBasis* calibrated)
    : m_rows(rows)
    , m_rule(rule)
    , m_classes(classes)
    , m_transforms(rows, rule, calibrated)
    , m_model(rows.dim())
    , m_counts(videoContexts)
{
}

void VideoHead::fitPrediction(std::size_t transform)
{
    m_model.basis = m_transforms.basis(transform);
    m_model.shared = m_transforms.isCalibrated();
    m_forward = std::make_unique<HeadTransform>(m_model.basis, HeadTransform::Direction::Forward);
    m_sample = VideoSample(m_rows, *m_forward, sampleRows);
    const VideoSample::Cuts found = m_sample.plan(m_rule);
    m_model.setCuts(found.cuts, found.unforced);
    // Once more, for those tokens that are predicted.
    const std::vector<float> gains = m_sample.gains(true);
    for (std::size_t c = 0; c < gains.size(); ++c)
        m_model.gains[c] = static_cast<std::int8_t>(std::nearbyint(gains[c] * 127));
    m_variances = m_sample.variances(gains);
}

float VideoHead::usableStep(float step) const
{
    return std::max({ step, 2 * m_transforms.largest() / largestLevel, 1e-12f });
}

ResidualQuantiser VideoHead::quantiserFor(float step)
{
    m_model.step = usableStep(step);
    std::vector<float> rounding;
    for (std::size_t c = 0; c < m_model.dim(); ++c) {
        const double variance = m_variances.predicted[c] > 0 ? m_variances.predicted[c] : m_variances.key[c];
        const double ratio = std::sqrt(variance) / m_model.step;
        rounding.push_back(roundingFor(ratio));
        m_model.shrinks[c] = VideoModel::shrinkCode(rounding.back() - laplaceCentre(ratio));
    }
    ResidualQuantiser quantiser = m_model.quantiser();
    quantiser.rounding = std::move(rounding);
    return quantiser;
}

void VideoHead::clearSums()
{
    m_sizes.assign(2 * m_model.dim(), 0);
    m_squares.assign(2 * m_model.dim(), 0);
    m_counts.assign(videoContexts, 0);
}

void VideoHead::quantise(const ResidualQuantiser& quantiser, std::int64_t batch, std::int64_t first,
    std::span<const std::uint8_t> isKey, const float* values, float* state, std::int16_t* levels)
{
    const std::size_t row = static_cast<std::size_t>(batch * m_rows.seq() + first), width = m_model.dim();
    std::vector<float> steps(isKey.size(), m_model.step), sizes(2 * width), squares(2 * width);
    for (std::size_t t = 0; t < isKey.size(); ++t) {
        const std::uint8_t stepClass = m_classes.empty() ? 0 : m_classes[row + t];
        steps[t] *= stepFactor(stepClass);
        ++m_counts[videoContext(isKey[t], stepClass)];
    }
    quantiseResiduals(quantiser, { isKey.size(), steps.data(), isKey.data() }, values, state, levels,
        { sizes.data(), squares.data() });
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        m_sizes[i] += double(sizes[i]);
        m_squares[i] += double(squares[i]);
    }
}

void VideoHead::fitModels()
{
    const std::size_t width = m_model.dim();
    const std::span<const std::int64_t> counts = m_counts;
    for (std::size_t c = 0; c < width; ++c) {
        m_model.predicted[c] = ResidualModel::fit(m_sizes[c], m_squares[c], counts.first(stepClasses));
        m_model.key[c] = ResidualModel::fit(m_sizes[width + c], m_squares[width + c], counts.subspan(stepClasses));
    }
}

double VideoHead::measure(float step)
{
    const ResidualQuantiser quantiser = quantiserFor(step);
    const std::size_t width = m_model.dim();
    std::vector<std::int16_t> levels(m_sample.tokens() * width);
    std::vector<std::uint8_t> contexts;
    std::vector<float> state(width);
    clearSums();
    std::size_t row = 0, token = 0;
    for (const Stretch& s : m_sample.stretches()) {
        std::copy_n(m_sample.values() + row * width, width, state.data());
        const std::span isKey(m_sample.isKey().data() + token, static_cast<std::size_t>(s.count));
        quantise(quantiser, s.batch, s.first, isKey, m_sample.values() + (row + 1) * width, state.data(),
            levels.data() + token * width);
        for (std::size_t t = 0; t < isKey.size(); ++t)
            contexts.push_back(videoContext(isKey[t],
                m_classes.empty() ? 0 : m_classes[static_cast<std::size_t>(s.batch * m_rows.seq() + s.first) + t]));
        token += isKey.size();
        row += isKey.size() + 1;
    }
    fitModels();
    double bits = 0;
    for (std::size_t c = 0; c < width; ++c)
        if (m_model.uses(c))
            bits += ChannelCoder(m_model, c).cost(levels.data() + c, width, contexts);
    bits += decisionBits(
        m_sample.tokens() - m_sample.tokens() / static_cast<std::size_t>(m_rule.interval), double(m_model.cuts) / 255);
    const double blocks = std::ceil(double(tokens()) / VideoStream::blockRows);
    const double codeBits = bits * double(tokens()) / double(m_sample.tokens()) + blocks * blockOverheadBits;
    m_expectedBytes = static_cast<std::size_t>(codeBits / 8);
    return codeBits + double(m_model.byteCount() + 4) * 8;
}

void VideoHead::quantiseAll(const ResidualQuantiser& quantiser, std::vector<std::uint8_t>& isKey,
    std::vector<std::int16_t>& levels, const JobControl& job)
{
    const std::size_t width = m_model.dim();
    std::vector<float> rows(chunkRows * width), values((chunkRows + 1) * width), state(width);
    KeyframePlanner planner(m_rule, m_model.gainFactors());
    std::size_t unforced = 0, cuts = 0;
    for (std::int64_t b = 0; b < m_rows.batch(); ++b) {
        planner.restart();
        std::fill(state.begin(), state.end(), 0.0f);
        for (std::int64_t first = 0; first < m_rows.seq(); first += chunkRows) {
            job.checkpoint();
            const std::int64_t count = std::min(chunkRows, m_rows.seq() - first);
            const auto at = static_cast<std::size_t>(b * m_rows.seq() + first), n = static_cast<std::size_t>(count);
            m_rows.load(b, first, count, rows.data());
            m_forward->apply(rows.data(), count, values.data() + width);
            for (std::size_t t = 0; t < n; ++t) {
                const bool forced = planner.isForced();
                const float* before = values.data() + t * width;
                isKey[at + t]
                    = planner.decide(before + width, before, forced ? 0 : energyOf(rows.data() + t * width, width));
                unforced += !forced;
                cuts += !forced && isKey[at + t];
            }
            quantise(quantiser, b, first, { isKey.data() + at, n }, values.data() + width, state.data(),
                levels.data() + at * width);
            std::copy_n(values.data() + n * width, width, values.data());
        }
    }
    m_model.setCuts(cuts, unforced);
}

void VideoHead::encode(float step, Bytes& side, Bytes& codes, const JobControl& job)
{
    const auto count = static_cast<std::size_t>(tokens());
    std::vector<std::uint8_t> isKey(count);
    std::vector<std::int16_t> levels(count * m_model.dim());
    clearSums();
    quantiseAll(quantiserFor(step), isKey, levels, job);
    fitModels();
    codes.reserve(m_expectedBytes + m_expectedBytes / 16);
    VideoStream stream(m_model, m_rule, m_rows.seq());
    for (std::size_t first = 0; first < count; first += VideoStream::blockRows) {
        job.checkpoint();
        const std::size_t n = std::min(VideoStream::blockRows, count - first);
        const std::span<const std::uint8_t> classes = m_classes;
        stream.encode({ isKey.data() + first, n }, classes.empty() ? classes : classes.subspan(first, n),
            levels.data() + first * m_model.dim(), codes);
    }
    m_model.write(side);
    appendLe(side, static_cast<std::uint32_t>(codes.size()));
}

} // namespace pikv
