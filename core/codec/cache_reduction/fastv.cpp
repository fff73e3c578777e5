// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/codec/cache_reduction/fastvplane.h"
#include "core/codec/compressor.h"
#include "core/codec/matrix_factorization/factorplane.h"
#include "core/codec/matrix_factorization/lowrankfit.h"
#include "core/codec/planes.h"
#include <ATen/ops/empty.h>
#include <algorithm>

namespace pikv {
namespace {

/// The seed's FastV made real: every head's vectors as codes of product (and residual) codebooks that are learned from
/// the token stream, and the residuals of the tokens that matter most.
class FastV : public LayerwiseCompressor {
public:
    using LayerwiseCompressor::LayerwiseCompressor;

    void validate(const CacheInfo& info) const override
    {
        LayerwiseCompressor::validate(info);
        const bool learned
            = calibratedSpec({ "num_centroids", "subvector", "stages", "codebook_bits", "rope" }).has_value();
        for (const LayerShape& shape : info.layers) {
            const std::int64_t tokens = shape.batch
                * std::max<std::int64_t>(0, shape.seq - params().integer("sinks") - params().integer("recent"));
            if (!learned && tokens > 0 && params().integer("num_centroids") > tokens)
                throw usageError(spec().id + ": num_centroids=" + std::to_string(params().integer("num_centroids"))
                    + " is above the number of tokens, batch x seq = " + std::to_string(tokens));
            for (const std::int64_t dim : { shape.keyDim, shape.valueDim })
                if (params().integer("subvector") > dim)
                    throw usageError(spec().id + ": subvector=" + std::to_string(params().integer("subvector"))
                        + " is above head_dim = " + std::to_string(dim));
        }
    }

    std::vector<std::string> warnings(const CacheInfo& info) const override
    {
        if (params().text("rope") == "undo" && !info.rope.invertible())
            return { "rope=undo has no effect: the dump does not say how its keys were rotated" };
        return {};
    }

protected:
    void calibrateLayer(
        const std::vector<LayerInput>& inputs, SectionSet& out, const CodecContext& context) const override
    {
        writeBooks(learn(inputs, context), inputs.front().shape.kvHeads, out);
    }

    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const override
    {
        const LayerShape& s = input.shape;
        std::vector<FastVBook> books;
        if (input.shared) {
            books = readBooks(*input.shared, s);
            for (FastVBook& book : books)
                book.invert();
        } else {
            books = learn({ input }, context);
            writeBooks(books, s.kvHeads, out);
        }
        const Tensors tensors(input, undoes());
        const at::Tensor weights = weightsOf(input);
        for (const bool keys : { true, false }) {
            const std::size_t first = keys ? 0 : static_cast<std::size_t>(s.kvHeads);
            const FastVPlane one = planeOf(books[first], s);
            Bytes codes(static_cast<std::size_t>(s.kvHeads) * one.codeBytes());
            Bytes sparse(static_cast<std::size_t>(s.kvHeads) * one.sparseBytes());
            forEachPlane(c10::kCPU, s.kvHeads, context.job, [&](std::int64_t h) {
                const auto at = static_cast<std::size_t>(h);
                planeOf(books[first + at], s)
                    .encode(tensors.rows(keys, h), weights.defined() ? weights.data_ptr<float>() : nullptr,
                        std::span(codes).subspan(at * one.codeBytes(), one.codeBytes()),
                        std::span(sparse).subspan(at * one.sparseBytes(), one.sparseBytes()), context.job);
            });
            const std::string prefix = keys ? "k." : "v.";
            out.add(prefix + "codes", std::move(codes));
            if (!sparse.empty())
                out.add(prefix + "sparse", std::move(sparse));
        }
    }

    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override
    {
        const LayerShape& s = output.shape;
        const std::vector<FastVBook> books = readBooks(output.shared ? *output.shared : output.sections, s);
        LayerKv kv = output.place;
        if (!context.device.is_cpu())
            kv = { at::empty(kv.key.sizes(), kv.key.scalar_type()), at::empty(kv.value.sizes(), kv.value.scalar_type()),
                {}, {} };
        const std::optional<RopeTable> rope = keyRotation(undoes(), output.rope, output.positions.cpu(), s.keyDim);
        forEachPlane(c10::kCPU, 2 * s.kvHeads, context.job, [&](std::int64_t p) {
            const bool key = p < s.kvHeads;
            const auto head = static_cast<std::size_t>(p % s.kvHeads), heads = static_cast<std::size_t>(s.kvHeads);
            const FastVPlane plane = planeOf(books[static_cast<std::size_t>(p)], s);
            const std::string prefix = key ? "k." : "v.";
            const ByteSpan codes = output.sections.get(prefix + "codes", heads * plane.codeBytes());
            const ByteSpan sparse = plane.sparseBytes()
                ? output.sections.get(prefix + "sparse", heads * plane.sparseBytes())
                : ByteSpan();
            plane.decode(codes.subspan(head * plane.codeBytes(), plane.codeBytes()),
                sparse.subspan(head * plane.sparseBytes(), plane.sparseBytes()),
                HeadStream(key ? kv.key : kv.value, p % s.kvHeads, key && rope ? &*rope : nullptr), context.job);
        });
        return { kv.key.to(context.device), kv.value.to(context.device), {}, {} };
    }

private:
    bool undoes() const { return params().text("rope") == "undo"; }

    /// A layer's keys and values on the CPU and the rotation of the keys.
    struct Tensors {
        at::Tensor key, value;
        std::optional<RopeTable> rope;

        Tensors(const LayerInput& input, bool undo)
            : key(rowTensor(input.kv.key))
            , value(rowTensor(input.kv.value))
            , rope(keyRotation(undo, input.rope, input.positions.cpu(), input.shape.keyDim))
        {
        }
        HeadStream rows(bool isKey, std::int64_t head) const
        {
            return { isKey ? key : value, head, isKey && rope ? &*rope : nullptr };
        }
    };

    FastVShape shapeOf(std::int64_t dim) const
    {
        return { dim, params().integer("num_centroids"), params().integer("stages"), params().integer("subvector"),
            static_cast<int>(params().integer("codebook_bits")) };
    }

    FastVPlane planeOf(const FastVBook& book, const LayerShape& s) const
    {
        const auto rows = static_cast<std::size_t>(s.batch * s.seq);
        const auto exceptions = static_cast<std::size_t>(params().real("sparsity_threshold") * double(rows));
        return { book, rows, exceptions, static_cast<int>(params().integer("residual_bits")) };
    }

    static at::Tensor weightsOf(const LayerInput& input)
    {
        const at::Tensor weights = rowWeights(input.importance, 16);
        return weights.defined() ? weights.cpu().contiguous() : weights;
    }

    /// The books of every head, keys first.
    std::vector<FastVBook> learn(const std::vector<LayerInput>& inputs, const CodecContext& context) const
    {
        const LayerShape& s = inputs.front().shape;
        std::vector<Tensors> tensors;
        for (const LayerInput& input : inputs)
            tensors.emplace_back(input, undoes());
        const at::Tensor weights = inputs.size() == 1 ? weightsOf(inputs.front()) : at::Tensor();
        std::vector<std::optional<FastVBook>> books(static_cast<std::size_t>(2 * s.kvHeads));
        forEachPlane(c10::kCPU, 2 * s.kvHeads, context.job, [&](std::int64_t p) {
            const bool key = p < s.kvHeads;
            std::size_t total = 0;
            std::vector<HeadStream> rows;
            for (const Tensors& t : tensors) {
                rows.push_back(t.rows(key, p % s.kvHeads));
                total += rows.back().count();
            }
            const Sample sample = sampleOf(rows, total, weights);
            const CounterRng random(
                context.seed, { static_cast<std::uint64_t>(inputs.front().index), static_cast<std::uint64_t>(p) });
            books[static_cast<std::size_t>(p)] = FastVBook::learn(sample.rows, sample.weights,
                shapeOf(key ? s.keyDim : s.valueDim), training(total), random, context.job);
        });
        std::vector<FastVBook> out;
        for (std::optional<FastVBook>& book : books)
            out.push_back(std::move(*book));
        return out;
    }

    struct Sample {
        at::Tensor rows, weights;
    };

    /// Rows evenly spaced over the stream, `train_tokens` at most.
    Sample sampleOf(const std::vector<HeadStream>& heads, std::size_t total, const at::Tensor& weights) const
    {
        const std::size_t n = std::min(total, static_cast<std::size_t>(params().integer("train_tokens")));
        const std::size_t dim = heads.front().dim();
        Sample sample { at::empty({ static_cast<std::int64_t>(n), static_cast<std::int64_t>(dim) }, at::kFloat), {} };
        if (weights.defined())
            sample.weights = at::empty({ static_cast<std::int64_t>(n) }, at::kFloat);
        std::size_t head = 0, before = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t row = i * total / n;
            while (row - before >= heads[head].count())
                before += heads[head++].count();
            heads[head].load(row - before, 1, sample.rows.data_ptr<float>() + i * dim);
            if (weights.defined())
                sample.weights.data_ptr<float>()[i] = weights.data_ptr<float>()[row];
        }
        return sample;
    }

    FastVTraining training(std::size_t tokens) const
    {
        using Transform = FastVTraining::Transform;
        const std::string& transform = params().text("transform");
        return { static_cast<int>(params().integer("iterations")),
            static_cast<std::size_t>(params().integer("update_interval")),
            transform == "auto"      ? Transform::Auto
                : transform == "klt" ? Transform::Klt
                                     : Transform::None,
            tokens };
    }

    static void writeBooks(const std::vector<FastVBook>& books, std::int64_t heads, SectionSet& out)
    {
        for (const bool keys : { true, false }) {
            Bytes bytes;
            for (std::int64_t h = 0; h < heads; ++h)
                books[static_cast<std::size_t>(keys ? h : heads + h)].write(bytes);
            out.add(keys ? "k.codebooks" : "v.codebooks", std::move(bytes));
        }
    }

    std::vector<FastVBook> readBooks(const SectionSet& sections, const LayerShape& s) const
    {
        std::vector<FastVBook> books;
        for (const bool keys : { true, false }) {
            const ByteSpan bytes = sections.get(keys ? "k.codebooks" : "v.codebooks");
            std::size_t at = 0;
            for (std::int64_t h = 0; h < s.kvHeads; ++h)
                books.push_back(FastVBook::read(bytes, at, shapeOf(keys ? s.keyDim : s.valueDim)));
            if (at != bytes.size())
                throw inputError("a section with codebooks is longer than its codebooks");
        }
        return books;
    }
};

ParamSpec folded(ParamSpec spec)
{
    spec.advanced = true;
    return spec;
}

const MethodRegistration registration { withFactory<FastV>({
    .id = "fastv",
    .label = "FastV",
    .family = "Cache reduction",
    .sentence = "Names each part of a vector by the nearest of a few centroids learned from the token stream, and keeps what that "
                "leaves over for the tokens that matter most.",
    .reference = "Product quantisation, Jégou et al. 2011; k-means++, Arthur & Vassilvitskii 2007; PiKV FastVCompressor",
    .params = {
        param::integer("num_centroids", "Centroids", 32, 2, 256, "", "Centroids of a codebook; a code takes log2 of it in bits.", ParamScale::Log),
        param::integer("subvector", "Channels a code", 2, 1, 64, "channels",
            "Mean number of channels that one code describes; strong ones get codes of their own, weak ones share.", ParamScale::Log),
        param::real("sparsity_threshold", "Share with residuals", 0.1, 0, 1, 0.01, "",
            "Share of each head's vectors, those of the largest importance times error, that also store what their codes leave over."),
        param::integer("residual_bits", "Residual bits", 3, 1, 8, "bits", "Width of a stored residual's channel."),
        param::integer("stages", "Stages", 1, 1, 4, "", "Codebooks one after the other, each for what the ones before it leave over."),
        param::choice("rope", "Rotation", "undo", { "undo", "keep" },
            "Undoes the keys' rotary embedding first, where the dump says how, as unrotated keys are more alike."),
        param::choice("transform", "Transform", "auto", { "auto", "klt", "none" },
            "klt: codes describe principal components of each head, stored; none: channels; auto: whichever promises less error."),
        folded(param::integer("update_interval", "Refresh interval", 100, 1, 1000000, "tokens",
            "As the training tokens stream in, centroids move to the mean of their members after so many tokens.", ParamScale::Log)),
        folded(param::integer("iterations", "Passes", 6, 0, 100, "", "Passes over the training tokens; 0 keeps the drawn tokens as centroids.")),
        folded(param::integer("train_tokens", "Training tokens", 2048, 256, 1048576, "tokens",
            "Evenly spaced tokens of each head that the codebooks learn from, at most.", ParamScale::Log)),
        folded(param::integer("codebook_bits", "Codebook bits", 6, 2, 8, "bits", "Width of a centroid's coordinate.")),
        folded(param::integer("sinks", "Protected sinks", 4, 0, 1024, "tokens",
            "First tokens kept at 16 bits: attention sinks are unlike every other token, and every query looks at them.")),
        sharedParam(),
    },
    .sweep = "subvector=[1,2,3,4,8]",
    .make = {},
    .checkedByDefault = true,
}) };

} // namespace
} // namespace pikv
