// SPDX-License-Identifier: GPL-3.0-or-later
// Registers `kvtc`: KV cache transform coding (Staniszewski & Łańcucki 2025, arXiv 2511.01815): one PCA of all layers
// and heads, bits by dynamic programming, DEFLATE. Where the paper leaves a choice open, this one was made:
// - Shift and scale are f16, of every token and integer group; E4M3 is a plain cast without either, as NVIDIA's Dynamo
//   has it. Both after a power of two for each side that keeps coefficients within their reach.
// - The program's budget is the paper's ratio: the 16-bit size of the coded tokens over their size before DEFLATE. Keys
//   and values have one each.
// - Errors are simulated on at most 2,048 calibration rows (paper: 32 K) and kept in the calibration, so that one
// serves
//   every ratio, as the paper's bases do. A group may begin at any component.
// - At most 2,048 components unless told otherwise (paper: 10 K of a model with 32,768 channels), at 16 bits a number;
//   exact where there are few rows, else by the subspace iteration of fitLowRank().
// - Sinks stay at 16 bits (paper: FP8), as the window does, which always holds `recent` tokens (paper: 128 to 144).
// - Codes are packed group by group and token by token within it, before DEFLATE sees them all.
// - Without a calibration the basis is learned from the cache, stored with it, and part of the budget.
#include "core/codec/calibration.h"
#include "core/codec/compressor.h"
#include "core/codec/container/companions.h"
#include "core/codec/methods/kvtc/kvtcside.h"
#include "core/codec/parts/jointtokens.h"
#include "core/codec/parts/planes.h"
#include "core/linalg/linalg.h"
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <array>
#include <cmath>
#include <utility>

namespace pikv {
namespace {

constexpr std::array sides { "k", "v" };
constexpr std::array sideWords { "keys", "values" };

class Kvtc : public Compressor {
public:
    using Compressor::Compressor;

    void validate(const CacheInfo& info) const override
    {
        m_shared.requireFits(info, m_layers.undoesRope());
        m_shared.learnedSpec({ "rope" });
        for (const JointTokens& tokens : m_layers.shapes(info, spec().id))
            for (std::size_t side = 0; side < sides.size(); ++side)
                requireBudget(side, jointWidth(info.layers, side), tokens.count());
    }

    void validateLearning(const CacheInfo& info) const override { (void)m_layers.shapes(info, spec().id); }

    /// All rows in f32, of every cache and of all together.
    std::uint64_t learningMemory(const CacheInfo& info) const override
    {
        return static_cast<std::uint64_t>(info.elements()) * 2 * sizeof(float);
    }

    std::vector<std::string> warnings(const CacheInfo& info) const override
    {
        auto list = m_layers.undoesRope() ? rotationWarnings(info) : std::vector<std::string>();
        if (!m_shared.get())
            list.push_back("without a calibration the basis is learned from the cache itself and stored with it, which "
                           "KVTC is not made for; learn one with pikv calibrate --with kvtc");
        return list;
    }

    bool needsAllLayers() const override { return true; }
    std::uint64_t sharedBytes() const override { return m_shared.bytes(); }

    EncodedCache encode(const KvCache& cache, const at::Tensor&, const CodecContext& context) const override
    {
        validate(cache.info());
        EncodedCache out;
        out.header = encodedHeader(cache.info(), printSpec(spec()), context.seed);
        m_shared.mark(out.global);
        out.layers.resize(cache.info().layers.size());
        for (const JointTokens& tokens : m_layers.gather(cache, &out.layers, context.job))
            encodeTokens(tokens, out.global, context);
        addCompanions(cache.info(), out.global);
        return out;
    }

    std::shared_ptr<KvCache> decode(const EncodedCache& encoded, const CodecContext& context) const override
    {
        m_shared.check(encoded.global);
        return m_layers.rebuild(
            encoded,
            [&](const JointTokens& tokens) {
                std::array<at::Tensor, 2> rows;
                for (std::size_t side = 0; side < sides.size(); ++side) {
                    context.job.report({ "Decoding side", static_cast<int>(side) + 1, 2 });
                    const KvtcSide coded = sideOf(tokens, side);
                    const std::int64_t width = jointWidth(encoded.header.layers, side);
                    const KvtcBasis basis = m_shared.get() ? sharedBasis(side, width)
                                                           : KvtcBasis::read(encoded.global, coded.name, width);
                    rows[side] = coded.decode(encoded.global, basis, tokens.count(), context.job);
                }
                return rows;
            },
            context.job);
    }

    EncodedCache calibrate(const std::vector<std::shared_ptr<const KvCache>>& caches, const at::Tensor&,
        const CodecContext& context) const override
    {
        requireAlike(caches, m_layers.undoesRope());
        EncodedCache out;
        out.header = encodedHeader(caches.front()->info(), printSpec(spec()), context.seed);
        out.header.calibration = true;
        out.header.visible.clear(); // whose tokens they were is nothing that other caches share
        out.header.positions.clear();
        out.layers.resize(out.header.layers.size());
        std::array<std::vector<at::Tensor>, 2> parts;
        for (const auto& cache : caches) {
            validateLearning(cache->info());
            for (const JointTokens& tokens : m_layers.gather(*cache, nullptr, context.job))
                for (std::size_t side = 0; side < sides.size(); ++side)
                    parts[side].push_back(tokens.rows[side]);
        }
        std::array<at::Tensor, 2> rows;
        for (std::size_t side = 0; side < sides.size(); ++side)
            rows[side] = at::cat(std::exchange(parts[side], {}));
        const std::array bases = learn(rows, { most(), most() }, context);
        for (std::size_t side = 0; side < sides.size(); ++side) {
            bases[side].write(sides[side], out.global);
            bases[side].writeErrors(sides[side], out.global);
        }
        return out;
    }

private:
    std::int64_t most() const { return params().integer("components"); }

    double compression(std::size_t side) const
    {
        const double ofValues = params().real("value_compression");
        return side == 1 && ofValues > 0 ? ofValues : params().real("compression");
    }

    KvtcBudget budgetOf(std::size_t side, std::int64_t width, std::int64_t tokens) const
    {
        return { width, compression(side), m_shared.get() ? 0 : tokens };
    }

    void requireBudget(std::size_t side, std::int64_t width, std::int64_t tokens) const
    {
        const KvtcBudget budget = budgetOf(side, width, tokens);
        if (budget.suffices())
            return;
        const auto bits = [](double value) { return printParam(std::floor(value * 10) / 10); };
        const bool isOwn = side == 1 && params().real("value_compression") > 0;
        const std::string name = isOwn ? "value_compression" : "compression";
        throw usageError("kvtc: " + name + "=" + printParam(compression(side)) + " allows " + bits(budget.allowed)
            + " bits a token for " + sideWords[side] + ", below the " + bits(budget.least())
            + (m_shared.get() ? " of the least group"
                              : " that mean, basis and codes of one component take; a calibration (shared) leaves the "
                                "codes alone"));
    }

    KvtcSide sideOf(const JointTokens& tokens, std::size_t side) const
    {
        return { tokens.prefix + sides[side], params().boolean("deflate") };
    }

    KvtcBasis sharedBasis(std::size_t side, std::int64_t width) const
    {
        KvtcBasis basis = KvtcBasis::read(m_shared.get()->global, sides[side], width);
        basis.readErrors(m_shared.get()->global, sides[side]);
        return basis;
    }

    /// The rows are centred.
    std::array<KvtcBasis, 2> learn(
        const std::array<at::Tensor, 2>& rows, std::array<std::int64_t, 2> most, const CodecContext& context) const
    {
        std::array<KvtcBasis, 2> bases;
        context.job.report({ "Learning principal components", 1, 1 });
        // A side by one thread alone: it does not depend on how many there are.
        forEachPlane(c10::kCPU, 2, context.job, [&](std::int64_t i) {
            const auto side = static_cast<std::size_t>(i);
            try {
                bases[side] = KvtcBasis::learn(rows[side], most[side], context.seed ^ side, context.job);
            } catch (const LinalgError& e) {
                throw inputError(std::string("kvtc, ") + sideWords[side] + ": " + e.what());
            }
        });
        return bases;
    }

    static at::Tensor copyOf(const at::Tensor& rows, const JobControl& job)
    {
        const at::Tensor out = at::empty_like(rows);
        forEachBlock(rows.size(0), 256, job, [&](std::int64_t first, std::int64_t count) {
            out.narrow(0, first, count).copy_(rows.narrow(0, first, count));
        });
        return out;
    }

    void encodeTokens(const JointTokens& tokens, SectionSet& out, const CodecContext& context) const
    {
        std::array<std::int64_t, 2> widths {}, counts {};
        for (std::size_t side = 0; side < sides.size(); ++side) {
            widths[side] = tokens.rows[side].size(1);
            counts[side] = std::min(most(), budgetOf(side, widths[side], tokens.count()).mostComponents());
        }
        const bool isStored = !m_shared.get();
        std::array<KvtcBasis, 2> bases;
        if (isStored)
            bases
                = learn({ copyOf(tokens.rows[0], context.job), copyOf(tokens.rows[1], context.job) }, counts, context);
        for (std::size_t side = 0; side < sides.size(); ++side) {
            context.job.report({ "Encoding side", static_cast<int>(side) + 1, 2 });
            sideOf(tokens, side)
                .encode(tokens.rows[side], isStored ? bases[side] : sharedBasis(side, widths[side]),
                    budgetOf(side, widths[side], tokens.count()), isStored, out, context.job);
        }
    }

    JointLayers m_layers { params() };
    SharedCalibration m_shared { spec() };
};

const MethodRegistration registration { withFactory<Kvtc>({
    .id = "kvtc",
    .label = "KVTC",
    .family = "Transform coding",
    .sentence = "One principal component analysis of all layers and heads, bits by dynamic programming, DEFLATE.",
    .reference = "KVTC, 2025 (arXiv 2511.01815)",
    .params = {
        param::real("compression", "Compression", 16, 1, 1024, 1, "x",
            "Budget as the paper counts it: 16-bit size of the compressed tokens over their size before DEFLATE; "
            "sinks, window and a calibration stand apart, a basis of the cache's own does not.",
            ParamScale::Log),
        param::folded(param::real("value_compression", "Of values", 0, 0, 1024, 1, "x",
            "The values' own budget; 0: as the keys'.")),
        param::folded(param::integer("components", "Most components", 2048, 1, 16384, "",
            "Principal components that are learned of keys and of values, at most; the paper has 10,000 for a model "
            "with 32,768 channels.",
            ParamScale::Log)),
        param::folded(param::boolean("deflate", "DEFLATE", true, "Whether the packed codes go through DEFLATE.")),
        ropeParam("undo: transform keys before their rotation, as the paper does; keep: as they are."),
        sharedParam(),
        param::sinks(4, "First tokens kept at 16 bits beside the method (the paper: FP8)."),
        param::integer("recent", "Window", 128, 0, 65536, "tokens",
            "Last tokens kept at 16 bits beside the method: the paper's window."),
    },
    .sweep = "compression=[4,8,16,32,64]",
    .checkedByDefault = false,
    .published = payloadAlone(
        "The paper's ratios leave out the principal components, the sinks and the window of 128 tokens."),
}) };

} // namespace
} // namespace pikv
