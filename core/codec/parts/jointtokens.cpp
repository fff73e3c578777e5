// SPDX-License-Identifier: GPL-3.0-or-later
// A cache as rows of all layers, sequence by sequence where there is padding, and back.
#include "core/codec/parts/jointtokens.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/codec/layerview.h"
#include "core/codec/padding.h"
#include "core/codec/parts/siderows.h"
#include "core/codec/protection.h"
#include <ATen/ops/empty.h>
#include <algorithm>

namespace pikv {
namespace {

/// Where every layer's channels begin among those of all, and where the last one's end.
std::vector<std::int64_t> columnsOf(const std::vector<LayerShape>& layers, std::size_t side)
{
    std::vector<std::int64_t> begins { 0 };
    for (const LayerShape& layer : layers)
        begins.push_back(begins.back() + layer.kvHeads * (side == 0 ? layer.keyDim : layer.valueDim));
    return begins;
}

/// A layer's columns of one side.
struct Columns {
    std::int64_t begin, count;
    std::optional<RopeTable> rope;

    /// From vectors [batch, kv_heads, seq, dim] of any float type.
    void gather(const at::Tensor& vectors, const at::Tensor& rows, const JobControl& job) const
    {
        SideRows(vectors, rope).load(rows.narrow(1, begin, count), job);
    }
    void scatter(const at::Tensor& rows, const at::Tensor& vectors, const JobControl& job) const
    {
        SideRows(vectors, rope).store(0, rows.narrow(1, begin, count), job);
    }
};

std::string differentTokens(const std::vector<LayerShape>& layers)
{
    for (std::size_t i = 0; i < layers.size(); ++i)
        if (layers[i].seq != layers[0].seq || layers[i].batch != layers[0].batch)
            return "layer " + std::to_string(i) + " holds " + countText(std::uint64_t(layers[i].seq), "token")
                + " where layer 0 holds " + std::to_string(layers[0].seq)
                + " (a sliding window); a transform across layers needs every token in all of them";
    return {};
}

void makeRows(JointTokens& tokens, const std::vector<LayerShape>& layers)
{
    const std::int64_t keys = jointWidth(layers, 0), values = jointWidth(layers, 1);
    requireMemory(
        static_cast<std::uint64_t>(tokens.count() * (keys + values)) * sizeof(float), "holding the rows of all layers");
    tokens.rows
        = { at::empty({ tokens.count(), keys }, at::kFloat), at::empty({ tokens.count(), values }, at::kFloat) };
}

/// A sequence's input with its sections' prefix; the whole layer where there is no padding.
std::vector<std::pair<std::string, LayerInput>> sequencesOf(const LayerInput& whole)
{
    std::vector<std::pair<std::string, LayerInput>> list;
    if (!whole.visible.defined())
        list.emplace_back("", whole);
    else
        for (const VisibleRows& sequence : visibleRows(whole.visible))
            list.emplace_back(sequence.prefix(), sequence.select(whole));
    return list;
}

} // namespace

std::int64_t jointWidth(const std::vector<LayerShape>& layers, std::size_t side)
{
    return columnsOf(layers, side).back();
}

bool JointLayers::undoesRope() const { return m_params.text("rope") == "undo"; }

std::vector<JointTokens> JointLayers::shapes(const CacheInfo& info, const std::string& method) const
{
    std::vector<JointTokens> list;
    for (const CacheInfo& tokens : info.hasPadding() ? tokenCaches(info) : std::vector { info }) {
        if (const std::string reason = differentTokens(tokens.layers); !reason.empty())
            throw usageError(method + ": " + reason);
        const Protection p(m_params, tokens.layers.at(0));
        if (p.middle() <= 0)
            throw usageError(method + ": sinks=" + std::to_string(m_params.integer("sinks"))
                + " and recent=" + std::to_string(m_params.integer("recent")) + " keep all " + std::to_string(p.seq)
                + " tokens at 16 bits, nothing is left to compress");
        list.push_back({ {}, tokens.layers[0].batch, p.middle() });
    }
    return list;
}

std::vector<JointTokens> JointLayers::gather(
    const KvCache& cache, std::vector<SectionSet>* kept, const JobControl& job) const
{
    const std::vector<LayerShape>& layers = cache.info().layers;
    const std::array<std::vector<std::int64_t>, 2> begins { columnsOf(layers, 0), columnsOf(layers, 1) };
    std::vector<JointTokens> sets;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        job.checkpoint();
        job.report({ "Gathering layer", static_cast<int>(i) + 1, cache.layerCount() });
        const auto sequences = sequencesOf(layerInput(cache, static_cast<int>(i), {}, c10::kCPU));
        for (std::size_t s = 0; s < sequences.size(); ++s) {
            const auto& [prefix, input] = sequences[s];
            const Protection p(m_params, input.shape);
            if (i == 0)
                makeRows(sets.emplace_back(JointTokens { prefix, input.shape.batch, p.middle() }), layers);
            if (kept && p.any()) {
                SectionSet own;
                p.write(input, own);
                for (const auto& [name, bytes] : own.all())
                    kept->at(i).add(prefix + name, bytes);
            }
            const LayerInput inner = p.middleInput(input);
            const auto rope = keyRotation(undoesRope(), inner.rope, inner.positions, inner.shape.keyDim);
            const auto& rows = sets.at(s).rows;
            Columns { begins[0][i], begins[0][i + 1] - begins[0][i], rope }.gather(inner.kv.key, rows[0], job);
            Columns { begins[1][i], begins[1][i + 1] - begins[1][i], {} }.gather(inner.kv.value, rows[1], job);
        }
    }
    return sets;
}

std::shared_ptr<KvCache> JointLayers::rebuild(const EncodedCache& encoded,
    const std::function<std::array<at::Tensor, 2>(const JointTokens&)>& decode, const JobControl& job) const
{
    const EncodedHeader& header = encoded.header;
    const std::string reason = header.layers.empty() ? "it describes no layer" : differentTokens(header.layers);
    if (!reason.empty() || encoded.layers.size() != header.layers.size())
        throw inputError("the compressed cache is not one of its method: " + reason);
    const std::array<std::vector<std::int64_t>, 2> begins { columnsOf(header.layers, 0), columnsOf(header.layers, 1) };
    const at::Tensor mask = layerMask(header.visible, header.layers[0]);
    std::vector<std::optional<VisibleRows>> sequences;
    if (mask.defined())
        for (VisibleRows& sequence : visibleRows(mask))
            sequences.emplace_back(std::move(sequence));
    else
        sequences.emplace_back();
    std::vector<LayerKv> layers;
    for (const LayerShape& shape : header.layers) {
        layers.push_back(emptyLayer(shape, c10::kCPU));
        if (mask.defined()) { // padding comes back as zeros
            layers.back().key.zero_();
            layers.back().value.zero_();
        }
    }
    for (const std::optional<VisibleRows>& sequence : sequences) {
        std::array<at::Tensor, 2> rows;
        for (std::size_t i = 0; i < layers.size(); ++i) {
            job.checkpoint();
            const int index = static_cast<int>(i);
            const LayerOutput whole = layerOutput(header, index, index, encoded.layers[i], encoded.global, c10::kCPU);
            const SectionSet own = sequence ? sequence->sectionsOf(encoded.layers[i]) : SectionSet();
            const LayerOutput output = sequence ? sequence->select(whole, own) : whole;
            const Protection p(m_params, output.shape);
            if (i == 0)
                rows = decode({ sequence ? sequence->prefix() : "", output.shape.batch, p.middle() });
            const LayerKv kv = sequence ? emptyLayer(output.shape, c10::kCPU) : layers[i];
            const auto rope = keyRotation(
                undoesRope(), output.rope, output.positions.narrow(0, p.first, p.middle()), output.shape.keyDim);
            Columns { begins[0][i], begins[0][i + 1] - begins[0][i], rope }.scatter(rows[0], p.middleRows(kv.key), job);
            Columns { begins[1][i], begins[1][i + 1] - begins[1][i], {} }.scatter(rows[1], p.middleRows(kv.value), job);
            if (p.any())
                p.read(output, kv);
            if (sequence) {
                sequence->put(kv.key, layers[i].key);
                sequence->put(kv.value, layers[i].value);
            }
        }
    }
    return decodedCache(header, std::move(layers));
}

} // namespace pikv
