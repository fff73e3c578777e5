// SPDX-License-Identifier: GPL-3.0-or-later
// Synthetic caches, in memory or written layer by layer; what their numbers look like is planegenerator's business.
#include "core/dumps/generate.h"
#include "core/cache/kvcache.h"
#include "core/cache/torchdtype.h"
#include "core/dumps/planegenerator.h"
#include "core/formats/nativedump.h"
#include "core/formats/safetensorswriter.h"
#include <ATen/ops/empty.h>
#include <algorithm>
#include <cmath>
#include <functional>

namespace pikv {
namespace {

constexpr std::int64_t blockRows = 512;

/// Takes the next rows of tensor number `part` of a layer (0 key, 1 value, 2 query), in the order of its elements.
using RowSink = std::function<void(std::size_t part, const at::Tensor& rows)>;

void checkRange(const char* name, std::int64_t value, std::int64_t low, std::int64_t high)
{
    if (value < low || value > high)
        throw usageError("generate: " + std::string(name) + "=" + std::to_string(value) + " is outside "
            + std::to_string(low) + " to " + std::to_string(high));
}

/// The options with every default filled in; throws Error{Usage}.
GenerateOptions complete(GenerateOptions o)
{
    checkRange("layers", o.layers, 1, maxLayerCount);
    checkRange("batch", o.batch, 1, 65536);
    checkRange("kv-heads", o.kvHeads, 1, 65536);
    checkRange("seq", o.seq, 1, maxDimension);
    checkRange("head-dim", o.headDim, 1, 65536);
    checkRange("value-dim", o.valueDim, 0, 65536);
    checkRange("queries", o.queries, 0, 65536);
    checkRange("query-heads", o.queryHeads, 0, 65536);
    if (!isCacheDtype(o.dtype))
        throw usageError("generate: dtype=" + std::string(dtypeName(o.dtype)) + " is not one of f16, bf16, f32, f64");
    if (!(o.ropeTheta > 1 && std::isfinite(o.ropeTheta)))
        throw usageError("generate: rope-theta=" + std::to_string(o.ropeTheta) + " is not a number above 1");
    o.valueDim = o.valueDim ? o.valueDim : o.headDim;
    o.queries = std::min(o.queries, o.seq);
    o.queryHeads = o.queries == 0 ? 0 : o.queryHeads ? o.queryHeads : o.kvHeads;
    if (o.queryHeads % o.kvHeads)
        throw usageError("generate: query-heads=" + std::to_string(o.queryHeads)
            + " is not a multiple of kv-heads=" + std::to_string(o.kvHeads));
    return o;
}

LayerShape shapeFor(const GenerateOptions& o)
{
    return { o.batch, o.kvHeads, o.seq, o.headDim, o.valueDim, o.queryHeads, o.queries, 0, o.dtype, o.dtype,
        o.queries ? o.dtype : DType::F16 };
}

std::vector<TensorEntry> layerTensors(const GenerateOptions& o, std::size_t layer)
{
    std::vector<TensorEntry> tensors {
        { nativeTensorName(layer, "key"), o.dtype, { o.batch, o.kvHeads, o.seq, o.headDim } },
        { nativeTensorName(layer, "value"), o.dtype, { o.batch, o.kvHeads, o.seq, o.valueDim } },
    };
    if (o.queries)
        tensors.push_back(
            { nativeTensorName(layer, "query"), o.dtype, { o.batch, o.queryHeads, o.queries, o.headDim } });
    return tensors;
}

CacheInfo describe(const GenerateOptions& o)
{
    CacheInfo info;
    info.format = "synthetic";
    info.model = "synthetic";
    info.metadata["generator"] = "pikv generate, structure 1, seed " + std::to_string(o.seed);
    info.layers.assign(static_cast<std::size_t>(o.layers), shapeFor(o));
    const auto even = static_cast<int>(o.headDim & ~std::int64_t(1));
    info.rope = { RopeInfo::State::Post, RopeInfo::Layout::Half, o.ropeTheta, even == o.headDim ? 0 : even, "none" };
    // A single channel has no pair to rotate.
    if (even == 0)
        info.rope = {};
    for (std::int64_t q = 0; q < o.queries; ++q)
        info.queryPositions.push_back(o.seq - o.queries + q);
    return info;
}

/// Generates one layer, plane by plane, in blocks of rows.
class LayerGenerator {
public:
    LayerGenerator(const GenerateOptions& options, const JobControl& job, const RowSink& sink)
        : m_options(options)
        , m_job(job)
        , m_sink(sink)
        , m_rotation(options.headDim, options.ropeTheta)
    {
    }

    void run(std::int64_t layer)
    {
        for (std::int64_t b = 0; b < m_options.batch; ++b)
            for (std::int64_t h = 0; h < m_options.kvHeads; ++h)
                planes(layer, b, h);
    }

private:
    at::Tensor rows(std::int64_t count, std::int64_t channels) const
    {
        return at::empty({ count, channels }, at::kFloat);
    }
    void emit(std::size_t part, const at::Tensor& block) const { m_sink(part, block.to(torchType(m_options.dtype))); }

    void planes(std::int64_t layer, std::int64_t batch, std::int64_t head)
    {
        const GenerateOptions& o = m_options;
        PlaneGenerator keys(HeadModel::Kind::Key, o.seed, layer, batch, head, o.headDim);
        PlaneGenerator values(HeadModel::Kind::Value, o.seed, layer, batch, head, o.valueDim);
        for (std::int64_t first = 0; first < o.seq; first += blockRows) {
            m_job.checkpoint();
            const std::int64_t count = std::min(blockRows, o.seq - first);
            at::Tensor key = rows(count, o.headDim), value = rows(count, o.valueDim);
            keys.next(key.data_ptr<float>(), count, o.seq - o.queries);
            m_rotation.fill(first, count);
            rotate(key);
            emit(0, key);
            values.next(value.data_ptr<float>(), count, o.seq);
            emit(1, value);
        }
        const std::int64_t group = o.queryHeads / o.kvHeads;
        for (std::int64_t q = head * group; q < (head + 1) * group; ++q) {
            at::Tensor query = rows(o.queries, o.headDim);
            generateQueries(keys.model(), keys.keptLatents(), o.seed, layer, batch, q,
                { query.data_ptr<float>(), static_cast<std::size_t>(query.numel()) });
            m_rotation.fill(o.seq - o.queries, o.queries);
            rotate(query);
            emit(2, query);
        }
    }

    void rotate(at::Tensor& block) const
    {
        for (std::int64_t r = 0; r < block.size(0); ++r)
            m_rotation.apply(r, block.data_ptr<float>() + r * block.size(1));
    }

    const GenerateOptions& m_options;
    const JobControl& m_job;
    const RowSink& m_sink;
    RotationTable m_rotation;
};

} // namespace

std::uint64_t generatedBytes(const GenerateOptions& options)
{
    const GenerateOptions o = complete(options);
    std::uint64_t bytes = 0;
    for (const TensorEntry& t : layerTensors(o, 0)) {
        std::uint64_t size = dtypeSize(o.dtype) * static_cast<std::uint64_t>(o.layers);
        for (std::int64_t n : t.shape)
            if (__builtin_mul_overflow(size, static_cast<std::uint64_t>(n), &size) || size > std::uint64_t(1) << 50)
                throw usageError("generate: the cache would be larger than 1 PiB; make it smaller");
        bytes += size;
    }
    return bytes;
}

CachePtr generateCache(const GenerateOptions& options, const JobControl& job)
{
    generatedBytes(options);
    const GenerateOptions o = complete(options);
    std::vector<LayerKv> layers;
    for (std::int64_t i = 0; i < o.layers; ++i) {
        job.report({ "Generating layer", static_cast<int>(i), static_cast<int>(o.layers) });
        const auto specs = layerTensors(o, static_cast<std::size_t>(i));
        std::vector<at::Tensor> tensors;
        for (const TensorEntry& spec : specs)
            tensors.push_back(at::empty(spec.shape, torchType(o.dtype)));
        std::vector<std::int64_t> next(tensors.size(), 0);
        const RowSink sink = [&](std::size_t part, const at::Tensor& rows) {
            tensors[part].view({ -1 }).narrow(0, next[part], rows.numel()).copy_(rows.flatten());
            next[part] += rows.numel();
        };
        LayerGenerator(o, job, sink).run(i);
        layers.push_back({ tensors[0], tensors[1], o.queries ? tensors[2] : at::Tensor(), {} });
    }
    return std::make_shared<MemoryCache>(describe(o), std::move(layers));
}

void generateCacheFile(const GenerateOptions& options, const std::string& path, const JobControl& job)
{
    generatedBytes(options);
    const GenerateOptions o = complete(options);
    const CacheInfo info = describe(o);
    std::vector<TensorEntry> tensors;
    for (std::size_t i = 0; i < info.layers.size(); ++i)
        for (TensorEntry& t : layerTensors(o, i))
            tensors.push_back(std::move(t));
    const std::size_t perLayer = tensors.size() / info.layers.size(), layerTensorCount = tensors.size();
    if (o.queries)
        tensors.push_back({ "query_positions", DType::I64, { o.queries } });
    SafetensorsWriter writer(path, std::move(tensors), nativeMetadata(info));
    if (o.queries)
        writer.write(
            layerTensorCount, asBytes(info.queryPositions.data(), info.queryPositions.size() * sizeof(std::int64_t)));
    for (std::int64_t i = 0; i < o.layers; ++i) {
        job.report({ "Generating layer", static_cast<int>(i), static_cast<int>(o.layers) });
        const RowSink sink = [&](std::size_t part, const at::Tensor& rows) {
            writer.write(static_cast<std::size_t>(i) * perLayer + part, asBytes(rows.data_ptr(), rows.nbytes()));
        };
        LayerGenerator(o, job, sink).run(i);
    }
    writer.commit();
    job.report({ "Generating layer", static_cast<int>(o.layers), static_cast<int>(o.layers) });
}

} // namespace pikv
