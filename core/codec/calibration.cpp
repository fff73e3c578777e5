// SPDX-License-Identifier: GPL-3.0-or-later
// Bases learned on one cache and used on others: their file, their fingerprint, their fit.
#include "core/codec/calibration.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/cache/ropefrequencies.h"

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

/// "" where what is learned of keys that come as `learned` is right for keys that come as `here`; else what differs.
/// With `undone` the rotation is taken away from both, where it can be.
std::string rotationDifference(const RopeInfo& learned, const RopeInfo& here, std::int64_t keyDim, bool undone)
{
    using State = RopeInfo::State;
    const auto text = [](const RopeInfo& rope) {
        return rope.state == State::Unknown ? std::string("unknown")
            : rope.state == State::Pre      ? std::string("none")
                                       : "base " + (rope.theta ? printParam(*rope.theta) : "unknown") + ", scaling "
                + ropeScalingName(rope.scaling);
    };
    const std::string differ = text(learned) + " there, " + text(here) + " here";
    if (undone && learned.invertible() != here.invertible())
        return differ + "; learn it with rope=keep to use it on both";
    if (undone && learned.invertible())
        return {}; // neither is rotated any more
    if (learned.state == State::Unknown || here.state == State::Unknown)
        return {}; // nothing contradicts
    if (learned.state != here.state)
        return differ;
    if (learned.state == State::Pre || !learned.theta || !here.theta)
        return {};
    if (!isRopeScalingSupported(learned.scaling) || !isRopeScalingSupported(here.scaling))
        return learned.scaling == here.scaling && *learned.theta == *here.theta ? std::string() : differ;
    return turnAlike(learned, here, keyDim) ? std::string() : differ;
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
    if (!basis.header.model.empty() && !info.model.empty() && basis.header.model != info.model)
        throw usageError(path + " was learned on the model " + inQuotes(basis.header.model) + ", the cache is of "
            + inQuotes(info.model));
    for (std::size_t i = 0; i < info.layers.size(); ++i) {
        if (basis.header.ropeOf(i) == info.ropeOf(i))
            continue;
        const std::string what
            = rotationDifference(basis.header.ropeOf(i), info.ropeOf(i), info.layers[i].keyDim, undoesRope);
        if (!what.empty())
            throw usageError(path + " was learned on keys of another rotation in layer "
                + std::to_string(info.layerNumber(i)) + ": " + what);
    }
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

void requireAlike(const std::vector<std::shared_ptr<const KvCache>>& caches, bool undoesRope)
{
    if (caches.empty())
        throw usageError("a calibration needs at least one dump");
    const CacheInfo& first = caches.front()->info();
    for (const auto& cache : caches) {
        const CacheInfo& info = cache->info();
        if (!first.model.empty() && !info.model.empty() && first.model != info.model)
            throw usageError("the dumps of a calibration differ: " + first.path + " is of the model "
                + inQuotes(first.model) + ", " + info.path + " of " + inQuotes(info.model));
        if (cache->info().layers.size() != first.layers.size())
            throw usageError("the dumps of a calibration differ: " + std::to_string(cache->layerCount()) + " and "
                + std::to_string(first.layers.size()) + " layers");
        for (std::size_t i = 0; i < first.layers.size(); ++i)
            requireSameWidth(first.path, first.layers[i], cache->info().layers[i], i);
        for (std::size_t i = 0; i < first.layers.size(); ++i)
            if (const std::string what
                = rotationDifference(first.ropeOf(i), info.ropeOf(i), first.layers[i].keyDim, undoesRope);
                !what.empty())
                throw usageError("the dumps of a calibration differ: the keys of " + first.path + " and " + info.path
                    + " are rotated otherwise, " + what);
    }
}

} // namespace pikv
