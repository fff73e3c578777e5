// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers as they lie in memory, texts behind their length, XXH3-64 of it all at the end.
#include "core/eval/resultrecord.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/codec/registry.h"
#include <cstring>
#include <type_traits>

namespace pikv {
namespace {

class Writer {
public:
    template <typename T>
    void number(T value)
    {
        static_assert(std::is_arithmetic_v<T>);
        m_bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    void text(std::string_view text)
    {
        number(std::uint64_t(text.size()));
        m_bytes.append(text);
    }
    std::string finish()
    {
        number(hashOf(asBytes(m_bytes.data(), m_bytes.size())));
        return std::move(m_bytes);
    }

private:
    std::string m_bytes;
};

class Reader {
public:
    explicit Reader(std::string_view bytes)
        : m_rest(bytes)
    {
        std::uint64_t hash = 0;
        if (bytes.size() < sizeof hash)
            throw damaged();
        m_rest.remove_suffix(sizeof hash);
        std::memcpy(&hash, bytes.data() + m_rest.size(), sizeof hash);
        if (hash != hashOf(asBytes(m_rest.data(), m_rest.size())))
            throw damaged();
    }
    template <typename T>
    void number(T& value)
    {
        if (m_rest.size() < sizeof value)
            throw damaged();
        std::memcpy(&value, m_rest.data(), sizeof value);
        m_rest.remove_prefix(sizeof value);
    }
    std::string text()
    {
        const std::size_t size = count(1);
        std::string text(m_rest.substr(0, size));
        m_rest.remove_prefix(size);
        return text;
    }
    /// Of things that take at least `least` bytes each.
    std::size_t count(std::size_t least)
    {
        std::uint64_t count = 0;
        number(count);
        if (count > m_rest.size() / least)
            throw damaged();
        return std::size_t(count);
    }

private:
    static Error damaged() { return inputError("a stored result is damaged"); }
    std::string_view m_rest;
};

/// The figures of a cache, a layer or a head; `visit` gets each, read or written.
template <typename Quality, typename Visit>
void eachFigure(Quality& quality, Visit visit)
{
    for (const MetricInfo& metric : metrics())
        if (metric.quality)
            visit(quality.*metric.quality);
}

void write(Writer& out, const QualityMetrics& quality)
{
    eachFigure(quality, [&](double value) { out.number(value); });
}

void read(Reader& in, QualityMetrics& quality)
{
    eachFigure(quality, [&](double& value) { in.number(value); });
}

/// Numbers that are stored as they are; of a const or another result.
template <typename Result, typename Visit>
void eachNumber(Result& r, Visit visit)
{
    visit(r.seed);
    visit(r.layersDone);
    visit(r.tokens);
    visit(r.originalBytes);
    visit(r.storedBytes);
    visit(r.sharedBytes);
    visit(r.compressSeconds);
    visit(r.decompressSeconds);
    visit(r.timings);
    visit(r.compressFastest);
    visit(r.compressSlowest);
    visit(r.decompressFastest);
    visit(r.decompressSlowest);
    visit(r.nonFinite);
    visit(r.clamped);
    visit(r.largestClamped);
}

} // namespace

std::string packResult(const EvaluationResult& result)
{
    Writer out;
    out.text(printSpec(result.method));
    out.text(printImportance(result.importance));
    out.text(result.device);
    out.text(result.attentionQueries);
    out.text(result.measured);
    eachNumber(result, [&](auto value) { out.number(value); });
    write(out, result.quality);
    out.number(std::uint64_t(result.breakdown.size()));
    for (const auto& [name, bytes] : result.breakdown) {
        out.text(name);
        out.number(bytes);
    }
    out.number(std::uint64_t(result.warnings.size()));
    for (const std::string& warning : result.warnings)
        out.text(warning);
    return out.finish();
}

EvaluationResult unpackResult(std::string_view bytes)
{
    Reader in(bytes);
    EvaluationResult result;
    result.method = parseSpec(in.text());
    result.importance = parseImportance(in.text());
    result.device = in.text();
    result.attentionQueries = in.text();
    result.measured = in.text();
    eachNumber(result, [&](auto& value) { in.number(value); });
    read(in, result.quality);
    result.breakdown.resize(in.count(2 * sizeof(std::uint64_t)));
    for (auto& [name, size] : result.breakdown) {
        name = in.text();
        in.number(size);
    }
    result.ledger = ledgerOf(Registry::instance().find(result.method.id), result.breakdown);
    result.warnings.resize(in.count(sizeof(std::uint64_t)));
    for (std::string& warning : result.warnings)
        warning = in.text();
    return result;
}

std::string packScore(const NextTokenMetrics& score)
{
    Writer out;
    for (const MetricInfo& metric : metrics())
        if (metric.nextToken)
            out.number(score.*metric.nextToken);
    return out.finish();
}

NextTokenMetrics unpackScore(std::string_view bytes)
{
    Reader in(bytes);
    NextTokenMetrics score;
    for (const MetricInfo& metric : metrics())
        if (metric.nextToken)
            in.number(score.*metric.nextToken);
    return score;
}

std::string packLayers(const std::vector<LayerQuality>& layers)
{
    Writer out;
    out.number(std::uint64_t(layers.size()));
    for (const LayerQuality& layer : layers) {
        out.number(layer.layer);
        out.number(layer.storedBytes);
        write(out, layer.quality);
        out.number(std::uint64_t(layer.heads.size()));
        for (const QualityMetrics& head : layer.heads)
            write(out, head);
    }
    return out.finish();
}

std::vector<LayerQuality> unpackLayers(std::string_view bytes)
{
    Reader in(bytes);
    std::vector<LayerQuality> layers(in.count(sizeof(QualityMetrics)));
    for (LayerQuality& layer : layers) {
        in.number(layer.layer);
        in.number(layer.storedBytes);
        read(in, layer.quality);
        layer.heads.resize(in.count(sizeof(QualityMetrics)));
        for (QualityMetrics& head : layer.heads)
            read(in, head);
    }
    return layers;
}

} // namespace pikv
