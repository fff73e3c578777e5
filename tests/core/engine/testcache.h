// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/kvcache.h"
#include <ATen/ops/empty.h>
#include <memory>
#include <random>

#include <QMetaType>

namespace pikvtest {

struct CacheShape {
    int layers = 2;
    std::int64_t batch = 1, kvHeads = 2, seq = 40, keyDim = 64, valueDim = 64;
    c10::ScalarType type = at::kHalf;
    std::int64_t queryHeads = 0, queries = 0;
    unsigned seed = 1;
};

/// Normal noise whose channels differ in scale, as keys and values do.
inline at::Tensor noiseTensor(at::IntArrayRef shape, std::mt19937& engine)
{
    at::Tensor t = at::empty(shape, at::kFloat);
    std::normal_distribution<float> normal;
    float* data = t.data_ptr<float>();
    const std::int64_t dim = shape.back();
    for (std::int64_t i = 0; i < t.numel(); ++i)
        data[i] = normal(engine) * (1.0f + float(i % dim) / float(dim));
    return t;
}

inline std::shared_ptr<pikv::MemoryCache> makeCache(const CacheShape& s = {})
{
    std::mt19937 engine(s.seed);
    std::vector<pikv::LayerKv> layers;
    for (int i = 0; i < s.layers; ++i) {
        pikv::LayerKv kv;
        kv.key = noiseTensor({ s.batch, s.kvHeads, s.seq, s.keyDim }, engine).to(s.type);
        kv.value = noiseTensor({ s.batch, s.kvHeads, s.seq, s.valueDim }, engine).to(s.type);
        if (s.queries > 0)
            kv.query = noiseTensor({ s.batch, s.queryHeads, s.queries, s.keyDim }, engine).to(s.type);
        layers.push_back(std::move(kv));
    }
    pikv::CacheInfo info;
    info.format = "memory";
    for (std::int64_t q = 0; q < s.queries; ++q)
        info.queryPositions.push_back(s.seq - s.queries + q);
    return std::make_shared<pikv::MemoryCache>(std::move(info), std::move(layers));
}

} // namespace pikvtest
Q_DECLARE_METATYPE(pikvtest::CacheShape)
