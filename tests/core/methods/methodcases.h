// SPDX-License-Identifier: GPL-3.0-or-later
// Caches and round trips for tests that run over every registered method.
#pragma once
#include "core/base/error.h"
#include "core/codec/compressor.h"
#include "core/dumps/generate.h"
#include <ATen/TensorOperators.h>
#include <QString>
#include <memory>
#include <optional>

namespace pikvtest {

/// A small cache with the structure of a real one: three layers, queries, RoPE.
inline pikv::GenerateOptions smallCache()
{
    pikv::GenerateOptions options;
    options.layers = 3;
    options.kvHeads = 2;
    options.seq = 96;
    options.headDim = 32;
    options.queries = 4;
    options.seed = 5;
    return options;
}

/// The method with `text` as its spec, or nothing where it refuses the cache; `reason` tells why.
inline std::unique_ptr<pikv::Compressor> accepted(const std::string& text, const pikv::CacheInfo& info, QString& reason)
{
    auto compressor = pikv::makeCompressor(pikv::parseSpec(text));
    try {
        compressor->validate(info);
        return compressor;
    } catch (const pikv::Error& e) {
        if (e.kind() != pikv::ErrorKind::Usage)
            throw;
        reason = QString::fromUtf8(e.what());
        return {};
    }
}

/// What decode gets from a file and nothing else: encodes, saves to `path`, loads and decodes with a fresh compressor
/// that is made from the file's own spec.
struct RoundTrip {
    pikv::EncodedCache encoded;
    std::shared_ptr<pikv::KvCache> decoded;
};

inline pikv::EncodedCache encode(
    const pikv::Compressor& method, const pikv::KvCache& cache, const at::Tensor& importance = {})
{
    const pikv::JobControl job;
    return method.encode(cache, importance, { job });
}

inline std::shared_ptr<pikv::KvCache> decode(const pikv::EncodedCache& encoded)
{
    const pikv::JobControl job;
    return pikv::makeCompressor(pikv::parseSpec(encoded.header.spec))->decode(encoded, { job });
}

inline RoundTrip throughFile(const pikv::Compressor& method, const pikv::KvCache& cache, const std::string& path)
{
    encode(method, cache).save(path);
    RoundTrip trip { pikv::EncodedCache::load(path), {} };
    trip.decoded = decode(trip.encoded);
    return trip;
}

/// Squared error over squared size.
inline double relativeError(const at::Tensor& original, const at::Tensor& decoded)
{
    const at::Tensor x = original.to(at::kDouble), y = decoded.to(at::kDouble);
    return (x - y).square().sum().item<double>() / x.square().sum().item<double>();
}

} // namespace pikvtest
