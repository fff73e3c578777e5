// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/cache_reduction/videostream.h"
#include "core/base/error.h"
#include "core/kernels/bitstream.h"
#include <algorithm>
#include <cstdlib>

namespace pikv {
namespace {

constexpr int escapeBits = 16;
constexpr std::size_t tileChannels = 32; ///< columns gathered at once: a cache line of every row

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

void VideoStream::addColumn(const ChannelCoder& coder, std::size_t count, const std::int16_t* column, std::uint8_t* symbols, BitWriter& low) const
{
    for (std::size_t t = 0; t < count; ++t) {
        const std::uint8_t context = m_contexts[t];
        const int reach = coder.tables[context]->reach, bits = coder.lowBits[context], half = 1 << bits >> 1;
        const int moved = column[t] + half, upper = moved >> bits;
        const bool escapes = std::abs(upper) > reach;
        symbols[t] = static_cast<std::uint8_t>(escapes ? 2 * reach + 1 : upper + reach);
        if (escapes)
            low.put(static_cast<std::uint16_t>(column[t]), escapeBits);
        else if (bits)
            low.put(static_cast<std::uint32_t>(moved - (upper << bits)), bits);
    }
}

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
    std::vector<std::uint8_t> symbols(m_coders.size() * count);
    std::vector<std::int16_t> tile(tileChannels * count);
    for (std::size_t first = 0; first < m_coders.size(); first += tileChannels) {
        const std::size_t channels = std::min(tileChannels, m_coders.size() - first);
        for (std::size_t t = 0; t < count; ++t)
            for (std::size_t i = 0; i < channels; ++i)
                tile[i * count + t] = levels[t * dim + m_coders[first + i].first];
        for (std::size_t i = 0; i < channels; ++i) {
            const std::span column(symbols.data() + (first + i) * count, count);
            addColumn(m_coders[first + i].second, count, tile.data() + i * count, column.data(), writer);
            runs.push_back({ column, m_coders[first + i].second.frequencies, m_contexts.data() });
        }
    }
    writer.finish();
    const std::size_t begin = out.size();
    out.resize(begin + 8);
    rangeEncode(runs, out);
    const std::uint32_t sizes[] = { static_cast<std::uint32_t>(out.size() - begin - 8), static_cast<std::uint32_t>(low.size()) };
    std::memcpy(out.data() + begin, sizes, sizeof sizes);
    out.insert(out.end(), low.begin(), low.end());
}

void VideoStream::readColumn(
    const ChannelCoder& coder, std::span<const std::uint8_t> symbols, BitReader& low, std::int16_t* levels) const
{
    for (std::size_t t = 0; t < symbols.size(); ++t) {
        const std::uint8_t context = m_contexts[t];
        const int reach = coder.tables[context]->reach, bits = coder.lowBits[context];
        int level = (symbols[t] - reach) * (1 << bits);
        if (symbols[t] > 2 * reach)
            level = static_cast<std::int16_t>(low.get(escapeBits));
        else if (bits)
            level += static_cast<int>(low.get(bits)) - (1 << bits >> 1);
        levels[t] = static_cast<std::int16_t>(level);
    }
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
    std::fill_n(levels, count * dim, std::int16_t { 0 });
    std::vector<std::uint8_t> symbols(count);
    std::vector<std::int16_t> tile(tileChannels * count);
    for (std::size_t first = 0; first < m_coders.size(); first += tileChannels) {
        const std::size_t channels = std::min(tileChannels, m_coders.size() - first);
        for (std::size_t i = 0; i < channels; ++i) {
            const ChannelCoder& coder = m_coders[first + i].second;
            decoder.decode(symbols, coder.frequencies, m_contexts.data());
            readColumn(coder, symbols, low, tile.data() + i * count);
        }
        for (std::size_t t = 0; t < count; ++t)
            for (std::size_t i = 0; i < channels; ++i)
                levels[t * dim + m_coders[first + i].first] = tile[i * count + t];
    }
    decoder.finish();
    low.finish();
}

} // namespace pikv
