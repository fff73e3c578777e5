// SPDX-License-Identifier: GPL-3.0-or-later
// Caches and round trips for tests that run over every registered method.
#pragma once
#include "core/base/error.h"
#include "core/codec/compressor.h"
#include "core/dumps/generate.h"
#include <ATen/TensorOperators.h>
#include <QString>
#include <QTest>
#include <memory>
#include <optional>
#include <set>

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

/// The caches that tests run every method over, by name; "f16" is smallCache().
inline std::vector<std::pair<const char*, pikv::GenerateOptions>> namedCaches()
{
    std::vector<std::pair<const char*, pikv::GenerateOptions>> list { { "f16", smallCache() } };
    const auto add
        = [&](const char* name) -> pikv::GenerateOptions& { return list.emplace_back(name, smallCache()).second; };
    add("bf16").dtype = pikv::DType::BF16;
    add("f32").dtype = pikv::DType::F32;
    add("batch of 3").batch = 3;
    add("unequal head dims").valueDim = 48;
    add("head_dim 20").headDim = 20;
    add("one KV head").kvHeads = 1;
    add("odd length").seq = 61;
    pikv::GenerateOptions& single = add("one token");
    single.seq = 1;
    single.queries = 1;
    return list;
}

/// What tests give small caches to a method with: its defaults, but for a window that leaves tokens to compress.
inline std::string testedSpec(const std::string& id) { return id == "kvtc" ? "kvtc:recent=16" : id; }

/// Whether the method, as testedSpec(), cannot do the named cache. roundtrip_test checks that these are exactly the
/// pairs that validate() refuses; tests run over all others, and none skips itself.
inline bool isRefused(const std::string& method, const std::string& cache)
{
    if (method == "recompute")
        return true; // made up caches have no token ids
    static const std::set<std::pair<std::string, std::string>> pairs {
        { "q4_0", "head_dim 20" },
        { "q4_0", "unequal head dims" },
        { "q8_0", "head_dim 20" },
        { "q8_0", "unequal head dims" },
        { "minillm", "head_dim 20" },
        { "minillm", "one KV head" },
        { "pyramid", "one token" },
        { "kvtc", "one token" },
    };
    return pairs.contains({ method, cache });
}

/// A row for every method that takes the named cache: column "method".
inline void acceptingMethodRows(const char* cache = "f16")
{
    QTest::addColumn<QString>("method");
    for (const pikv::MethodInfo& method : pikv::Registry::instance().methods())
        if (!isRefused(method.id, cache))
            QTest::addRow("%s", method.id.c_str()) << QString::fromStdString(testedSpec(method.id));
}

/// The method of this spec, which takes the cache: throws what validate() throws.
inline std::unique_ptr<pikv::Compressor> fitting(const QString& spec, const pikv::CacheInfo& info)
{
    auto compressor = pikv::makeCompressor(pikv::parseSpec(spec.toStdString()));
    compressor->validate(info);
    return compressor;
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
