// SPDX-License-Identifier: GPL-3.0-or-later
// Calibration files (`.pikv-basis`): what a method learned on other caches. LayerwiseCompressor calls these.
#pragma once
#include "core/cache/kvcache.h"
#include "core/codec/container/encodedcache.h"
#include "core/codec/methodspec.h"
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace pikv {

/// Throws Error{Input} where the file holds a compressed cache, or as EncodedCache::load().
EncodedCache loadCalibration(const std::string& path);

/// Identifies the content of a calibration wherever its file lies: the hash of all its sections.
std::uint64_t calibrationFingerprint(const EncodedCache& basis);
/// The section of an encoded cache that names the calibration it was compressed with; `mark`: its fingerprint.
void addFingerprint(std::uint64_t mark, SectionSet& global);
/// Whether the section names it. Throws Error{Input} where there is none.
bool hasFingerprint(std::uint64_t mark, const SectionSet& global);

/// Throws Error{Usage} naming `path` where the calibration is of another method, or of other layers, heads or channels
/// than `info`, or of another model, or of keys that are rotated otherwise than the method gets them: with `undoesRope`
/// it takes known rotations away.
void requireFits(const EncodedCache& basis, const std::string& path, const std::string& methodId, const CacheInfo& info,
    bool undoesRope);
/// The spec that the calibration was learned with. Throws Error{Usage} where it was learned with another value of one
/// of the `sameParams`.
MethodSpec learnedSpec(const EncodedCache& basis, const std::string& path, const ParamSet& params,
    std::initializer_list<const char*> sameParams);

/// Throws Error{Usage} where there is no cache, or they differ in layers, heads, channels, model or rotation.
void requireAlike(const std::vector<std::shared_ptr<const KvCache>>& caches, bool undoesRope);

} // namespace pikv
