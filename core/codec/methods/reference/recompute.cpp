// SPDX-License-Identifier: GPL-3.0-or-later
// Registers `recompute`: stores the text's tokens and computes the cache again with the model.
#include "core/cache/crossattention.h"
#include "core/cache/torchdtype.h"
#include "core/codec/compressor.h"
#include "core/codec/container/companions.h"
#include "core/codec/container/tokenpacking.h"
#include "core/codec/layerview.h"
#include "core/model/model.h"
#include <algorithm>
#include <mutex>

namespace pikv {
namespace {

/// The row that any compression has to beat in time, as none can in bytes: no cache is kept, only the text's tokens,
/// and the model computes the cache again. The model's weights are not counted: whoever uses a cache has them.
class Recompute : public Compressor {
public:
    using Compressor::Compressor;

    void validate(const CacheInfo& info) const override
    {
        if (const std::string reason = nextTokenObstacle(info); !reason.empty())
            throw usageError("recompute: " + reason + ", so that no model that runs here makes it");
        if (info.tokenIds.empty())
            throw usageError("recompute: the cache comes without token ids, and nothing else can be recomputed");
        if (!info.layerNumbers.empty() || !info.layerRopes.empty() || info.hasPadding())
            throw usageError(
                "recompute: the cache has padding, layers of its own numbers or rotations that differ from "
                "layer to layer, which no model that runs here makes");
        for (const LayerShape& layer : info.layers)
            if (layer.seq != info.seq())
                throw usageError("recompute: a layer holds the last " + std::to_string(layer.seq) + " of "
                    + std::to_string(info.seq())
                    + " tokens alone (a sliding window), which no model that runs here does");
        if (info.batch() != 1 || static_cast<std::int64_t>(info.tokenIds.size()) != info.seq())
            throw usageError(
                "recompute: one sequence with a token id for each of its rows is needed; the cache has a batch of "
                + std::to_string(info.batch()) + ", " + std::to_string(info.seq()) + " rows and "
                + std::to_string(info.tokenIds.size()) + " token ids");
        for (std::size_t i = 0; i < info.positions.size(); ++i)
            if (info.positions[i] != static_cast<std::int64_t>(i))
                throw usageError("recompute: positions must run from 0; row " + std::to_string(i) + " stands at "
                    + std::to_string(info.positions[i]));
        (void)modelPath();
    }

    std::vector<std::string> warnings(const CacheInfo&) const override
    {
        if (params().integer("sinks") == 0 && params().integer("recent") == 0)
            return {};
        return { "recompute: sinks and recent have no effect, no token is stored at less than full precision" };
    }

    EncodedCache encode(const KvCache& cache, const at::Tensor&, const CodecContext& context) const override
    {
        validate(cache.info());
        EncodedCache out;
        out.header = encodedHeader(cache.info(), printSpec(spec()), context.seed);
        std::vector<std::int64_t> sources;
        for (int i = 0; i < cache.layerCount(); ++i)
            sources.push_back(cache.sourceLayer(i));
        if (cache.sourceLayerCount() != cache.layerCount())
            out.global.add("layers", packTokens(sources)); // a part of the cache: which one
        out.global.add("tokens", packTokens(cache.info().tokenIds));
        addCompanions(cache.info(), out.global);
        (void)fittingModel(out.header, cache.info().tokenIds, cache.sourceLayerCount(), context.job);
        out.layers.resize(static_cast<std::size_t>(cache.layerCount()));
        return out;
    }

    std::shared_ptr<KvCache> decode(const EncodedCache& encoded, const CodecContext& context) const override
    {
        const EncodedHeader& header = encoded.header;
        if (header.layers.empty())
            throw inputError("recompute: the container describes no layer");
        const auto tokens = unpackTokens(encoded.global.get("tokens"), header.layers.front().seq);
        const bool part = encoded.global.has("layers");
        const auto count = static_cast<std::int64_t>(header.layers.size());
        const auto sources = part ? unpackTokens(encoded.global.get("layers"), count) : std::vector<std::int64_t>();
        const ModelPtr model = fittingModel(header, tokens, part ? modelLayers(context.job) : count, context.job);
        const CachePtr cache = captureCache({ model, tokens, 0, DType::F32 }, context.job);
        std::vector<LayerKv> layers;
        for (std::int64_t i = 0; i < count; ++i) {
            const std::int64_t source = part ? sources[static_cast<std::size_t>(i)] : i;
            if (source >= cache->layerCount())
                throw inputError("section 'layers' names layer " + std::to_string(source) + " of "
                    + std::to_string(cache->layerCount()));
            const LayerKv kv = cache->layer(static_cast<int>(source));
            const LayerShape& shape = header.layers[static_cast<std::size_t>(i)];
            layers.push_back(
                { kv.key.to(torchType(shape.keyDtype)), kv.value.to(torchType(shape.valueDtype)), {}, {} });
        }
        return decodedCache(header, std::move(layers));
    }

private:
    std::string modelPath() const { return modelOfParam(params().text("model")); }

    /// Loaded once for encode and decode.
    ModelPtr model(const JobControl& job) const
    {
        const std::lock_guard lock(m_mutex);
        if (!m_model)
            m_model = openSharedModel(modelPath(), job);
        return m_model;
    }

    std::int64_t modelLayers(const JobControl& job) const { return modelInfo(*model(job)).layers; }

    /// Throws Error{Input} where the model did not make this cache.
    ModelPtr fittingModel(const EncodedHeader& header, const std::vector<std::int64_t>& tokens, std::int64_t layerCount,
        const JobControl& job) const
    {
        CacheInfo info;
        info.model = header.model;
        info.rope = header.rope;
        info.tokenIds = tokens;
        info.layers.assign(static_cast<std::size_t>(layerCount), header.layers.at(0));
        const ModelPtr found = model(job);
        if (const std::string reason = modelMismatch(info, *found); !reason.empty())
            throw inputError("recompute: the model does not fit: " + reason);
        return found;
    }

    mutable ModelPtr m_model;
    mutable std::mutex m_mutex;
};

const MethodRegistration registration { withFactory<Recompute>({
    .id = "recompute",
    .label = "Recompute",
    .family = "Reference",
    .sentence
    = "Stores the token ids alone and lets the model prefill them again: the fewest bytes, the longest decode.",
    .reference = "none",
    .params = { param::model("; its weights are not counted as bytes.") },
    .checkedByDefault = false,
    .sections = { { "tokens", LedgerPart::Payload } },
}) };

} // namespace
} // namespace pikv
