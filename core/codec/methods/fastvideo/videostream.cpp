// SPDX-License-Identifier: GPL-3.0-or-later
// The levels of a head as rANS symbols: contexts by channel and neighbours, large levels with plain bits behind the
// symbol.
#include "core/codec/methods/fastvideo/videostream.h"
#include "core/base/error.h"
#include "core/kernels/bitstream.h"
#include "core/kernels/transpose.h"
#include <algorithm>
#include <cstdlib>

namespace pikv {
namespace {

constexpr int escapeBits = 16;

/// A channel whose levels are all 0 in some context takes no bits there.
const ResidualTable& silentTable()
{
    static const double certain[] = { 1 };
    static const ResidualTable table { FrequencyTable(certain), 0, 0, 0 };
    return table;
}

std::vector<double> flagWeights(std::uint8_t cuts) { return { double(255 - cuts), double(cuts) }; }

} // namespace

ChannelCoder::ChannelCoder(const VideoModel& model, std::size_t channel)
{
    for (std::size_t i = 0; i < videoContexts; ++i) {
        const ResidualModel& residual = i >= videoContexts / 2 ? model.key[channel] : model.predicted[channel];
        const int stepClass = static_cast<int>(i % (videoContexts / 2));
        tables[i] = residual.isSilent() ? &silentTable() : &residual.table(stepClass);
        frequencies[i] = &tables[i]->frequencies;
        lowBits[i] = static_cast<std::uint8_t>(residual.isSilent() ? 0 : residual.lowBits(stepClass));
    }
}

double ChannelCoder::cost(const std::int16_t* levels, std::size_t stride, std::span<const std::uint8_t> contexts) const
{
    double bits = 0;
    for (std::size_t i = 0; i < contexts.size(); ++i, levels += stride) {
        const std::uint8_t context = contexts[i];
        const ResidualTable& table = *tables[context];
        const int low = lowBits[context], upper = (*levels + (1 << low >> 1)) >> low;
        if (std::abs(upper) > table.reach)
            bits += table.reach ? double(table.frequencies.bits(table.escape())) + escapeBits : 0.0;
        else
            bits += double(table.frequencies.bits(static_cast<std::size_t>(upper + table.reach))) + low;
    }
    return bits;
}

VideoStream::VideoStream(const VideoModel& model, const KeyframeRule& rule, std::int64_t seq)
    : m_model(model)
    , m_planner(rule, {})
    , m_flags(flagWeights(model.cuts))
    , m_seq(seq)
{
    for (std::size_t c = 0; c < model.dim(); ++c)
        if (model.uses(c))
            m_coders.emplace_back(c, ChannelCoder(model, c));
}

void VideoStream::beginRow()
{
    if (m_row++ % m_seq == 0)
        m_planner.restart();
}

void VideoStream::setContexts(std::span<const std::uint8_t> isKey, std::span<const std::uint8_t> classes)
{
    m_contexts.resize(isKey.size());
    for (std::size_t t = 0; t < isKey.size(); ++t)
        m_contexts[t] = videoContext(isKey[t], classes.empty() ? 0 : classes[t]);
}

namespace {

/// How a level of one context is cut into symbol and plain bits.
struct LevelCut {
    int reach, bits, half;
};
std::array<LevelCut, videoContexts> cutsOf(const ChannelCoder& coder)
{
    std::array<LevelCut, videoContexts> cuts;
    for (std::size_t i = 0; i < videoContexts; ++i)
        cuts[i] = { coder.tables[i]->reach, coder.lowBits[i], 1 << coder.lowBits[i] >> 1 };
    return cuts;
}

void cutColumn(const ChannelCoder& coder, std::span<const std::uint8_t> contexts, const std::int16_t* column,
    std::uint8_t* symbols, BitWriter& low)
{
    const std::array<LevelCut, videoContexts> cuts = cutsOf(coder);
    BitWriter writer = low; // a local one stays in registers
    for (std::size_t t = 0; t < contexts.size(); ++t) {
        const LevelCut cut = cuts[contexts[t]];
        const int moved = column[t] + cut.half, upper = moved >> cut.bits;
        if (std::abs(upper) <= cut.reach) {
            symbols[t] = static_cast<std::uint8_t>(upper + cut.reach);
            writer.put(static_cast<std::uint32_t>(moved - upper * (1 << cut.bits)), cut.bits);
        } else {
            symbols[t] = static_cast<std::uint8_t>(2 * cut.reach + 1);
            writer.put(static_cast<std::uint16_t>(column[t]), escapeBits);
        }
    }
    low = writer;
}

void joinColumn(const ChannelCoder& coder, std::span<const std::uint8_t> contexts, const std::uint8_t* symbols,
    BitReader& low, std::int16_t* column)
{
    const std::array<LevelCut, videoContexts> cuts = cutsOf(coder);
    BitReader reader = low;
    for (std::size_t t = 0; t < contexts.size(); ++t) {
        const LevelCut cut = cuts[contexts[t]];
        const int upper = symbols[t] - cut.reach;
        if (upper <= cut.reach)
            column[t] = static_cast<std::int16_t>(
                upper * (1 << cut.bits) + static_cast<int>(reader.get(cut.bits)) - cut.half);
        else
            column[t] = static_cast<std::int16_t>(reader.get(escapeBits));
    }
    low = reader;
}

} // namespace

void VideoStream::encode(
    std::span<const std::uint8_t> isKey, std::span<const std::uint8_t> classes, const std::int16_t* levels, Bytes& out)
{
    const std::size_t count = isKey.size(), dim = m_model.dim();
    setContexts(isKey, classes);
    std::vector<SymbolRun> runs;
    const FrequencyTable* flagTables[] = { &m_flags };
    for (std::size_t t = 0; t < count; ++t) {
        beginRow();
        if (!m_planner.isForced())
            runs.push_back({ isKey.subspan(t, 1), flagTables });
        m_planner.advance(isKey[t]);
    }
    Bytes low;
    BitWriter writer(low);
    m_symbols.resize(m_coders.size() * count);
    m_columns.resize(dim * count);
    transpose(levels, count, dim, m_columns.data());
    for (std::size_t i = 0; i < m_coders.size(); ++i) {
        const auto& [channel, coder] = m_coders[i];
        const std::span column(m_symbols.data() + i * count, count);
        cutColumn(coder, m_contexts, m_columns.data() + channel * count, column.data(), writer);
        runs.push_back({ column, coder.frequencies, m_contexts.data() });
    }
    writer.finish();
    const std::size_t begin = out.size();
    out.resize(begin + 8);
    rangeEncode(runs, out);
    const std::uint32_t sizes[]
        = { static_cast<std::uint32_t>(out.size() - begin - 8), static_cast<std::uint32_t>(low.size()) };
    std::memcpy(out.data() + begin, sizes, sizeof sizes);
    out.insert(out.end(), low.begin(), low.end());
}

void VideoStream::decode(ByteSpan bytes, std::size_t& at, std::span<const std::uint8_t> classes,
    std::span<std::uint8_t> isKey, std::int16_t* levels)
{
    const std::size_t count = isKey.size(), dim = m_model.dim();
    const auto take = [&](std::size_t size) {
        if (size > bytes.size() - at)
            throw inputError("the section 'codes' ends too early");
        at += size;
        return bytes.subspan(at - size, size);
    };
    const ByteSpan sizes = take(8);
    RangeDecoder decoder(take(loadLe<std::uint32_t>(sizes.data())));
    BitReader low(take(loadLe<std::uint32_t>(sizes.data() + 4)));
    const FrequencyTable* flagTables[] = { &m_flags };
    for (std::size_t t = 0; t < count; ++t) {
        beginRow();
        isKey[t] = 1;
        if (!m_planner.isForced())
            decoder.decode(isKey.subspan(t, 1), flagTables);
        m_planner.advance(isKey[t]);
    }
    setContexts(isKey, classes);
    m_symbols.resize(count);
    if (m_columns.size() != dim * count)
        m_columns.assign(dim * count, 0);
    for (const auto& [channel, coder] : m_coders) {
        decoder.decode(m_symbols, coder.frequencies, m_contexts.data());
        joinColumn(coder, m_contexts, m_symbols.data(), low, m_columns.data() + channel * count);
    }
    transpose(m_columns.data(), dim, count, levels);
    decoder.finish();
    low.finish();
}

} // namespace pikv
