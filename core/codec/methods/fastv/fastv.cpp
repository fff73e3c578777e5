// SPDX-License-Identifier: GPL-3.0-or-later
// Registers `fastv`: product quantisation (Jégou et al. 2011) of each head's vectors, with exact residuals for the
// tokens that matter most.
#include "core/base/error.h"
#include "core/codec/methods/fastv/fastvbooks.h"
#include "core/codec/methods/fastv/fastvplane.h"
#include "core/codec/parts/factorplane.h"
#include "core/codec/parts/planes.h"
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
        const bool learned = calibratedSpec(
            { "num_centroids", "subvector", "stages", "codebook_bits", "rope", "transform", "coded_share" })
                                 .has_value();
        for (const LayerShape& shape : info.layers) {
            const std::int64_t tokens = shape.batch * codedShape(shape).seq;
            if (!learned && tokens > 0 && params().integer("num_centroids") > tokens)
                throw usageError(spec().id + ": num_centroids=" + std::to_string(params().integer("num_centroids"))
                    + " is above the number of tokens that are not protected, " + std::to_string(tokens));
            for (const std::int64_t dim : { shape.keyDim, shape.valueDim })
                if (params().integer("subvector") > dim)
                    throw usageError(spec().id + ": subvector=" + std::to_string(params().integer("subvector"))
                        + " is above head_dim = " + std::to_string(dim));
        }
    }

protected:
    void calibrateLayer(
        const std::vector<LayerInput>& inputs, SectionSet& out, const CodecContext& context) const override
    {
        std::vector<LayerStreams> streams;
        for (const LayerInput& input : inputs)
            streams.emplace_back(input, undoesRope());
        writeBooks(learn(streams, inputs.front(), context), out);
    }

    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const override
    {
        const LayerShape& s = input.shape;
        const std::vector<LayerStreams> streams { LayerStreams(input, undoesRope()) };
        std::vector<FastVBook> books;
        if (input.shared) {
            books = readBooks(*input.shared, shapesOf(s));
            for (FastVBook& book : books)
                book.invert();
        } else {
            books = learn(streams, input, context);
            writeBooks(books, out);
        }
        Bytes codes[2], sparse[2]; // keys, values
        for (std::size_t t = 0; t < 2; ++t) {
            const FastVPlane plane = planeOf(books[t * books.size() / 2], s);
            codes[t].resize(books.size() / 2 * plane.codeBytes());
            sparse[t].resize(books.size() / 2 * plane.sparseBytes());
        }
        forEachPlane(c10::kCPU, 2 * s.kvHeads, context.job, [&](std::int64_t p) {
            const auto at = static_cast<std::size_t>(p), heads = books.size() / 2, t = at / heads, head = at % heads;
            const FastVPlane plane = planeOf(books[at], s);
            plane.encode(streams.front().head(p), streams.front().weightData(),
                std::span(codes[t]).subspan(head * plane.codeBytes(), plane.codeBytes()),
                std::span(sparse[t]).subspan(head * plane.sparseBytes(), plane.sparseBytes()), context.job);
        });
        for (std::size_t t = 0; t < 2; ++t) {
            out.add(t == 0 ? "k.codes" : "v.codes", std::move(codes[t]));
            if (!sparse[t].empty())
                out.add(t == 0 ? "k.sparse" : "v.sparse", std::move(sparse[t]));
        }
    }

    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override
    {
        const LayerShape& s = output.shape;
        const std::vector<FastVBook> books = readBooks(output.shared ? *output.shared : output.sections, shapesOf(s));
        const LayerKv kv = output.placeOnHost();
        const std::optional<RopeTable> rope = keyRotation(output, c10::kCPU);
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
    FastVShapes shapesOf(const LayerShape& s) const
    {
        FastVShape shape { s.keyDim, params().integer("num_centroids"), params().integer("stages"),
            params().integer("subvector"), static_cast<int>(params().integer("codebook_bits")),
            params().real("coded_share") };
        FastVShapes shapes { shape, shape, s.kvHeads };
        shapes.value.dim = s.valueDim;
        return shapes;
    }

    FastVPlane planeOf(const FastVBook& book, const LayerShape& s) const
    {
        const auto rows = static_cast<std::size_t>(s.batch * s.seq);
        const auto exceptions = static_cast<std::size_t>(params().real("sparsity_threshold") * double(rows));
        return { book, rows, exceptions, static_cast<int>(params().integer("residual_bits")) };
    }

    std::vector<FastVBook> learn(
        const std::vector<LayerStreams>& streams, const LayerInput& first, const CodecContext& context) const
    {
        using Transform = FastVTraining::Transform;
        const std::string& name = params().text("transform");
        const Transform transform = name == "auto" ? Transform::Auto : name == "klt" ? Transform::Klt : Transform::None;
        const FastVTraining training { static_cast<int>(params().integer("iterations")),
            static_cast<std::size_t>(params().integer("update_interval")), transform, 0 };
        return learnBooks(streams, shapesOf(first.shape), training,
            static_cast<std::size_t>(params().integer("train_tokens")),
            CounterRng(context.seed, { static_cast<std::uint64_t>(first.index) }), context.job);
    }
};

const MethodRegistration registration { withFactory<FastV>({
    .id = "fastv",
    .label = "FastV",
    .family = "Cache reduction",
    .sentence = "Names each part of a vector by the nearest of a few centroids learned from the token stream, "
        "and keeps what that "
                "leaves over for the tokens that matter most.",
    .reference = "Product quantisation, Jégou et al. 2011; k-means++, Arthur & Vassilvitskii 2007; PiKV "
        "FastVCompressor",
    .params = {
        param::integer("num_centroids", "Centroids", 32, 2, 256, "", "Centroids of a codebook; a code takes "
            "log2 of it in bits.", ParamScale::Log),
        param::integer("subvector", "Channels a code", 2, 1, 64, "channels",
            "Mean number of channels that one code describes; strong ones get codes of their own, weak ones "
                "share.", ParamScale::Log),
        param::real("sparsity_threshold", "Share with residuals", 0.1, 0, 1, 0.01, "",
            "Share of each head's vectors, those of the largest importance times error, that also store what "
                "their codes leave over."),
        param::integer("residual_bits", "Residual bits", 3, 1, 8, "bits", "Width of a stored residual's channel."),
        param::integer("stages", "Stages", 1, 1, 4, "", "Codebooks one after the other, each for what the ones "
            "before it leave over."),
        ropeParam("Undoes the keys' rotary embedding first, where the dump says how, as unrotated keys are more "
            "alike."),
        param::choice("transform", "Transform", "auto", { "auto", "klt", "none" },
            "klt: codes describe principal components of each head, stored; none: channels; auto: whichever "
                "promises less error."),
        param::folded(param::real("coded_share", "Coded share", 1, 0.01, 1, 0.01, "",
            "Share of each head's components, strongest first, that codes describe; the others become their "
                "mean, which saves "
            "their codebooks where there are few tokens.")),
        param::folded(param::integer("update_interval", "Refresh interval", 100, 1, 1000000, "tokens",
            "As the training tokens stream in, centroids move to the mean of their members after so many "
                "tokens.", ParamScale::Log)),
        param::folded(param::integer("iterations", "Passes", 6, 0, 100, "", "Passes over the training tokens; 0 "
            "keeps the drawn tokens as centroids.")),
        param::folded(param::integer("train_tokens", "Training tokens", 2048, 256, 1048576, "tokens",
            "Evenly spaced tokens of each head that the codebooks learn from, at most.", ParamScale::Log)),
        param::folded(param::integer("codebook_bits", "Codebook bits", 6, 2, 8, "bits", "Width of a centroid's "
            "coordinate.")),
        param::sinks(4,
            "First tokens kept at 16 bits: attention sinks are unlike every other token, and every query looks "
                "at them."),
        sharedParam(),
    },
    .sweep = "subvector=[1,2,3,4,8]",
    .published = payloadAlone(
        "PiKV counts the centroids' indices alone, not the codebooks."),
}) };

} // namespace
} // namespace pikv
