// SPDX-License-Identifier: GPL-3.0-or-later
// Bases learned on one cache and used on others: their file, their fingerprint, their fit.
#include "core/base/hash.h"
#include "core/codec/compressor.h"
#include "core/codec/layerview.h"

namespace pikv {
namespace {

constexpr const char* fingerprintName = "shared.fingerprint";

/// Identifies the content of a calibration wherever its file lies: the hash of all its sections.
std::uint64_t fingerprint(const EncodedCache& basis)
{
    Hasher hasher;
    const auto mix = [&](const SectionSet& sections) {
        for (const auto& [name, bytes] : sections.all()) {
            hasher.add(asBytes(name.data(), name.size()));
            hasher.add(bytes);
        }
    };
    mix(basis.global);
    for (const SectionSet& layer : basis.layers)
        mix(layer);
    return hasher.value();
}

std::string idOf(const EncodedCache& basis) { return basis.header.spec.substr(0, basis.header.spec.find(':')); }

void requireSameWidth(const std::string& what, const LayerShape& a, const LayerShape& b, std::size_t layer)
{
    if (a.kvHeads == b.kvHeads && a.keyDim == b.keyDim && a.valueDim == b.valueDim)
        return;
    const auto text = [](const LayerShape& s) {
        return std::to_string(s.kvHeads) + " KV heads of " + std::to_string(s.keyDim) + " and "
            + std::to_string(s.valueDim) + " channels";
    };
    throw usageError(what + ": layer " + std::to_string(layer) + " has " + text(a) + " where the cache has " + text(b));
}

} // namespace

ParamSpec sharedParam()
{
    return param::folded(param::file("shared", "Shared calibration",
        "A .pikv-basis learned on other caches; its bytes are reported apart as shared bytes."));
}

EncodedCache Compressor::calibrate(
    const std::vector<std::shared_ptr<const KvCache>>&, const at::Tensor&, const CodecContext&) const
{
    throw usageError(spec().id + " has nothing to calibrate");
}

SectionSet LayerwiseCompressor::prepare(const CacheInfo&, const CodecContext&) const { return {}; }

void LayerwiseCompressor::calibrateLayer(const std::vector<LayerInput>&, SectionSet&, const CodecContext&) const
{
    throw usageError(spec().id + " has nothing to calibrate");
}

EncodedCache LayerwiseCompressor::calibrate(const std::vector<std::shared_ptr<const KvCache>>& caches,
    const at::Tensor& importance, const CodecContext& context) const
{
    if (caches.empty())
        throw usageError("a calibration needs at least one dump");
    const CacheInfo& first = caches.front()->info();
    for (const auto& cache : caches) {
        if (cache->info().layers.size() != first.layers.size())
            throw usageError("the dumps of a calibration differ: " + std::to_string(cache->layerCount()) + " and "
                + std::to_string(first.layers.size()) + " layers");
        for (std::size_t i = 0; i < first.layers.size(); ++i)
            requireSameWidth(first.path, first.layers[i], cache->info().layers[i], i);
    }
    EncodedCache out;
    out.header = encodedHeader(first, printSpec(spec()), context.seed);
    out.header.calibration = true;
    out.global = prepare(first, context);
    const int count = caches.front()->layerCount();
    for (int i = 0; i < count; ++i) {
        context.job.checkpoint();
        context.job.report({ "Calibrating layer", i + 1, count });
        std::vector<LayerInput> inputs;
        for (const auto& cache : caches) {
            const at::Tensor weights = caches.size() == 1 ? importance : at::Tensor();
            LayerInput input = unprotected(layerInput(*cache, i, weights, context.device));
            if (input.shape.seq > 0)
                inputs.push_back(std::move(input));
        }
        if (inputs.empty())
            throw usageError(spec().id + ": sinks and recent protect every token, nothing is left to learn from");
        calibrateLayer(inputs, out.layers.emplace_back(), context);
    }
    return out;
}

const EncodedCache* LayerwiseCompressor::shared() const
{
    if (!params().has("shared") || params().text("shared").empty())
        return nullptr;
    const std::lock_guard lock(m_sharedMutex);
    if (!m_shared) {
        EncodedCache basis = EncodedCache::load(params().text("shared"));
        if (!basis.header.calibration)
            throw inputError(
                params().text("shared") + " is a compressed cache, not a calibration; learn one with pikv calibrate");
        m_shared = std::make_shared<EncodedCache>(std::move(basis));
        m_fingerprint = fingerprint(*m_shared);
    }
    return m_shared.get();
}

std::uint64_t LayerwiseCompressor::sharedBytes() const
{
    const EncodedCache* basis = shared();
    return basis ? basis->fileBytes() : 0;
}

void LayerwiseCompressor::validate(const CacheInfo& info) const
{
    const EncodedCache* basis = shared();
    if (!basis)
        return;
    const std::string& path = params().text("shared");
    if (idOf(*basis) != spec().id)
        throw usageError(path + " is a calibration of " + idOf(*basis) + ", not of " + spec().id);
    if (basis->layers.size() != info.layers.size())
        throw usageError(path + " was learned on " + std::to_string(basis->layers.size()) + " layers, the cache has "
            + std::to_string(info.layers.size()));
    for (std::size_t i = 0; i < info.layers.size(); ++i)
        requireSameWidth(path, basis->header.layers[i], info.layers[i], i);
    if (undoesRope() && basis->header.rope.invertible() != info.rope.invertible())
        throw usageError(path + " was learned on keys whose rotation " + (info.rope.invertible() ? "is not" : "is")
            + " known, that of the cache " + (info.rope.invertible() ? "is" : "is not")
            + "; learn it with rope=keep to use it on both");
}

std::optional<MethodSpec> LayerwiseCompressor::calibratedSpec(std::initializer_list<const char*> sameParams) const
{
    const EncodedCache* basis = shared();
    if (!basis)
        return {};
    MethodSpec learned = parseSpec(basis->header.spec);
    for (const char* name : sameParams)
        if (learned.params.value(name) != params().value(name))
            throw usageError(params().text("shared") + " was learned with " + name + "="
                + printParam(learned.params.value(name)) + ", not with " + printParam(params().value(name)));
    return learned;
}

SectionSet LayerwiseCompressor::globalSections(const CacheInfo& info, const CodecContext& context) const
{
    SectionSet sections = prepare(info, context);
    if (shared()) {
        Bytes mark;
        appendLe(mark, m_fingerprint);
        sections.add(fingerprintName, std::move(mark));
    }
    return sections;
}

void LayerwiseCompressor::checkShared(const SectionSet& global) const
{
    if (shared() && loadLe<std::uint64_t>(global.get(fingerprintName, 8).data()) != m_fingerprint)
        throw inputError(params().text("shared") + " is not the calibration that the cache was compressed with");
}

} // namespace pikv
