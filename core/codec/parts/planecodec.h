// SPDX-License-Identifier: GPL-3.0-or-later
// For methods that code every plane - one head of keys or values of one sequence - by itself into bytes whose number
// is known beforehand: they write a PlaneCodec and say which one a layer needs.
#pragma once
#include "core/codec/compressor.h"
#include "core/codec/parts/planerows.h"
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace pikv {

/// What every plane adds to one section of its tensor.
struct PlaneSection {
    std::string name; ///< "codes": the keys' section is "k.codes", the values' "v.codes"; "": "k" and "v"
    std::size_t bytes = 0; ///< of a plane; 0 is allowed
};

/// Codes planes of one shape; the idea of faiss' Quantizer. Its functions are called from several threads at once.
class PlaneCodec {
public:
    virtual ~PlaneCodec() = default;
    /// In the order they are stored.
    virtual std::vector<PlaneSection> sections() const = 0;
    /// `parts`: the plane's place in every section, of just its size.
    virtual void encode(
        const PlaneRows& rows, std::span<const std::span<std::byte>> parts, const JobControl& job) const = 0;
    /// Fills all rows. Throws Error{Input} where the bytes contradict themselves. Both poll `job` at least every 50 ms.
    virtual void decode(std::span<const ByteSpan> parts, const PlaneRows& rows, const JobControl& job) const = 0;
};

/// Owns what such methods have in common: the loop over planes on all cores, the sections and their sizes, where
/// decoded rows are put, and their way to the device. Planes are numbered batch item by batch item, head by head.
class PlanewiseCompressor : public LayerwiseCompressor {
public:
    using LayerwiseCompressor::LayerwiseCompressor;

protected:
    /// The codec of a layer's keys (`isKey`) or values; `shape` is without the protected tokens. `seed`: of the run; to
    /// decode, what storedSeed() reads.
    virtual std::unique_ptr<PlaneCodec> planeCodec(const LayerShape& shape, bool isKey, std::uint64_t seed) const = 0;
    /// The run's seed where prepare() put it. Default: 0, for methods without chance.
    virtual std::uint64_t storedSeed(const SectionSet& global) const;

    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const final;
    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const final;
};

} // namespace pikv
