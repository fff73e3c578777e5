// SPDX-License-Identifier: GPL-3.0-or-later
// Bases learned on one cache and used on others: their file, their fingerprint, their fit.
#include "core/codec/calibration.h"
#include "core/base/error.h"
#include "core/base/hash.h"

namespace pikv {
namespace {

constexpr const char* fingerprintName = "shared.fingerprint";

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

EncodedCache loadCalibration(const std::string& path)
{
    EncodedCache basis = EncodedCache::load(path);
    if (!basis.header.calibration)
        throw inputError(path + " is a compressed cache, not a calibration; learn one with pikv calibrate");
    return basis;
}

std::uint64_t calibrationFingerprint(const EncodedCache& basis)
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

void addFingerprint(std::uint64_t mark, SectionSet& global)
{
    Bytes bytes;
    appendLe(bytes, mark);
    global.add(fingerprintName, std::move(bytes));
}

bool hasFingerprint(std::uint64_t mark, const SectionSet& global)
{
    return loadLe<std::uint64_t>(global.get(fingerprintName, 8).data()) == mark;
}

void requireFits(const EncodedCache& basis, const std::string& path, const std::string& methodId, const CacheInfo& info,
    bool undoesRope)
{
    if (idOf(basis) != methodId)
        throw usageError(path + " is a calibration of " + idOf(basis) + ", not of " + methodId);
    if (basis.layers.size() != info.layers.size())
        throw usageError(path + " was learned on " + std::to_string(basis.layers.size()) + " layers, the cache has "
            + std::to_string(info.layers.size()));
    for (std::size_t i = 0; i < info.layers.size(); ++i)
        requireSameWidth(path, basis.header.layers[i], info.layers[i], i);
    if (undoesRope && basis.header.rope.invertible() != info.rope.invertible())
        throw usageError(path + " was learned on keys whose rotation " + (info.rope.invertible() ? "is not" : "is")
            + " known, that of the cache " + (info.rope.invertible() ? "is" : "is not")
            + "; learn it with rope=keep to use it on both");
}

MethodSpec learnedSpec(const EncodedCache& basis, const std::string& path, const ParamSet& params,
    std::initializer_list<const char*> sameParams)
{
    MethodSpec learned = parseSpec(basis.header.spec);
    for (const char* name : sameParams)
        if (learned.params.value(name) != params.value(name))
            throw usageError(path + " was learned with " + name + "=" + printParam(learned.params.value(name))
                + ", not with " + printParam(params.value(name)));
    return learned;
}

void requireAlike(const std::vector<std::shared_ptr<const KvCache>>& caches)
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
}

} // namespace pikv
