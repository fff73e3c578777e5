// SPDX-License-Identifier: GPL-3.0-or-later
// llama.cpp's prompt caches and server slots as a dump: the sequence with the most cells, by position.
#include "core/base/text.h"
#include "core/formats/fusedheads.h"
#include "core/formats/layercheck.h"
#include "core/formats/llamastatefile.h"
#include "core/formats/llamawriter.h"
#include "core/formats/refusal.h"
#include "core/formats/stridedread.h"
#include "core/formats/told.h"
#include "core/kernels/hadamard.h"
#include <algorithm>
#include <array>

namespace pikv {
namespace {

using namespace std::string_view_literals;
using Rows = std::shared_ptr<const std::vector<std::int64_t>>;

/// Architectures whose rotation pairs neighbouring channels (llama_model_rope_type in llama-model.cpp: NORM).
constexpr std::array interleavedArchitectures { "llama"sv, "llama4"sv, "deci"sv, "baichuan"sv, "starcoder"sv,
    "internlm2"sv, "minicpm"sv, "xverse"sv, "command-r"sv, "cohere2"sv, "olmo"sv, "arctic"sv, "deepseek"sv,
    "deepseek2"sv, "plm"sv, "chatglm"sv, "glm4"sv, "granite"sv, "granitemoe"sv, "granitehybrid"sv, "chameleon"sv,
    "bailingmoe"sv, "smollm3"sv, "arcee"sv, "ernie4_5"sv, "ernie4_5-moe"sv };

/// The cells of one sequence, by position.
struct Chosen {
    std::size_t stream = 0;
    std::int32_t sequence = 0;
    std::vector<std::int64_t> cells, positions;
};

bool isQuantised(GgmlType type) { return ggmlTypeInfo(type).blockElements > 1; }

Chosen cellsOf(const LlamaStream& stream, std::size_t index, std::int32_t sequence, const std::string& file)
{
    Chosen chosen { index, sequence, {}, {} };
    for (const auto& member : stream.members)
        if (member.sequence == sequence)
            chosen.cells.push_back(member.cell);
    const auto position = [&](std::int64_t cell) { return stream.positions[static_cast<std::size_t>(cell)]; };
    std::sort(chosen.cells.begin(), chosen.cells.end(),
        [&](auto a, auto b) { return std::pair(position(a), a) < std::pair(position(b), b); });
    for (const std::int64_t cell : chosen.cells) {
        if (!chosen.positions.empty() && chosen.positions.back() == position(cell))
            throw inputError(file + ": two cells of sequence " + std::to_string(sequence) + " have the position "
                + std::to_string(position(cell)) + ", which only images do; save the state of a text.");
        chosen.positions.push_back(position(cell));
    }
    return chosen;
}

/// The sequence that was told, else the one with the most cells, the first of several.
Chosen chooseSequence(
    const std::vector<LlamaStream>& streams, CacheInfo& info, const Told& told, const std::string& file)
{
    std::map<std::pair<std::size_t, std::int32_t>, std::uint64_t> counts;
    std::map<std::int32_t, int> streamsOf;
    for (std::size_t i = 0; i < streams.size(); ++i)
        for (const auto& member : streams[i].members)
            if (++counts[{ i, member.sequence }] == 1)
                ++streamsOf[member.sequence];
    if (counts.empty())
        throw inputError(file + ": no cell belongs to a sequence; save the state after a prompt was read.");
    auto chosen = std::max_element(
        counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (counts.size() > 1) {
        std::vector<DumpPart> parts;
        for (const auto& [at, cells] : counts) {
            const std::string number = std::to_string(at.second);
            const bool isTwice = streamsOf[at.second] > 1;
            parts.push_back({ isTwice ? std::to_string(at.first) + "." + number : number,
                "sequence " + number + (isTwice ? " of stream " + std::to_string(at.first) : "") + " ("
                    + countText(cells, "cell") + ")" });
        }
        const auto usual = static_cast<std::size_t>(std::distance(counts.begin(), chosen));
        chosen = std::next(counts.begin(),
            std::ptrdiff_t(choosePart(info, std::move(parts), usual, "which has the most", told, file)));
    }
    return cellsOf(streams[chosen->first.first], chosen->first.first, chosen->first.second, file);
}

/// Quantised rows of some cells as [1, heads, rows, dim], un-rotated where a block is named.
struct BlockRows {
    GgmlType type;
    std::uint64_t begin, rowBytes;
    std::size_t heads, dim;
    std::size_t rotated; ///< channels of a Hadamard rotation; 0: none
    Rows cells;

    void operator()(const ByteSource& file, std::span<float> out) const
    {
        constexpr std::uint64_t chunkBytes = 1u << 20;
        const std::uint64_t most = std::max<std::uint64_t>(1, chunkBytes / rowBytes);
        std::vector<float> row(heads * dim), scratch(rotated);
        Bytes raw;
        for (std::size_t i = 0, run = 0; i < cells->size(); i += run) {
            const auto first = static_cast<std::uint64_t>((*cells)[i]);
            for (run = 1; run < most && i + run < cells->size() && (*cells)[i + run] == (*cells)[i + run - 1] + 1;)
                ++run;
            raw.resize(run * rowBytes);
            file.read(begin + first * rowBytes, raw);
            for (std::size_t r = 0; r < run; ++r) {
                ggmlDequantise(type, ByteSpan(raw).subspan(r * rowBytes, rowBytes), row);
                for (std::size_t at = 0; rotated && at < row.size(); at += rotated)
                    hadamard(row.data() + at, scratch.data(), rotated);
                for (std::size_t h = 0; h < heads; ++h)
                    std::copy_n(row.data() + h * dim, dim, out.data() + (h * cells->size() + i + r) * dim);
            }
        }
    }
};

DType plainType(GgmlType type)
{
    return type == GgmlType::F32 ? DType::F32 : type == GgmlType::F16 ? DType::F16 : DType::BF16;
}

StoredTensor storedTensor(const LlamaTensor& tensor, const std::string& name, std::size_t cellCount, std::int64_t heads,
    std::size_t rotated, const Rows& cells)
{
    const std::int64_t dim = tensor.width / heads, count = static_cast<std::int64_t>(cellCount);
    StoredTensor stored;
    stored.name = name;
    stored.begin = tensor.begin;
    stored.bytes = tensor.bytes;
    if (isQuantised(tensor.type)) {
        stored.dtype = DType::F32;
        stored.shape = { 1, heads, static_cast<std::int64_t>(cells->size()), dim };
        stored.decode = BlockRows { tensor.type, tensor.begin, tensor.bytes / cellCount,
            static_cast<std::size_t>(heads), static_cast<std::size_t>(dim), rotated, cells };
        return stored;
    }
    stored.dtype = plainType(tensor.type);
    if (tensor.transposed) {
        stored.shape = { 1, heads, dim, count };
        stored.swapAxes(2, 3);
    } else {
        stored.shape = { 1, count, heads, dim };
        stored.swapAxes(1, 2);
    }
    takeRows(stored, cells);
    return stored;
}

/// llama.cpp of April 2026 and later multiplies quantised keys and values by a Hadamard matrix where head_dim is a
/// multiple of 64, and its files do not say so (pull request 21038) before October.
enum class Rotation { None, Undone, Unknown };

Rotation rotationOf(const LlamaState& state)
{
    return state.packedTokens || state.generation > 0 ? Rotation::Undone
        : state.hasOutputs || !state.hasStreams       ? Rotation::None
                                                      : Rotation::Unknown;
}

std::size_t saidRotation(
    const LlamaTensor& tensor, std::uint32_t channels, std::int64_t headDim, const std::string& file)
{
    if (channels > 0 && (!isQuantised(tensor.type) || headDim % channels != 0))
        throw inputError(file + ": it says that a Hadamard matrix of " + std::to_string(channels)
            + " channels was multiplied with " + std::string(ggmlTypeInfo(tensor.type).name) + " heads of "
            + std::to_string(headDim)
            + ", which this version does not undo; tell another head_dim if that is not it, or save the state with "
              "LLAMA_ATTN_ROT_DISABLE=1.");
    return channels;
}

/// Layers of one section behind those that were found; cells and positions are the section's own.
void placeSection(std::map<std::uint64_t, FoundLayer>& found, const LlamaStream& stream, const Chosen& chosen,
    std::int64_t headDim, Rotation rotation, std::uint32_t generation, const std::string& file)
{
    const auto cells = std::make_shared<const std::vector<std::int64_t>>(chosen.cells);
    const auto block = [&](const LlamaTensor& tensor, bool key) -> std::size_t {
        if (generation > 1)
            return saidRotation(tensor, key ? stream.keyRotation : stream.valueRotation, headDim, file);
        if (rotation != Rotation::Undone || !isQuantised(tensor.type) || headDim % 64 != 0)
            return 0;
        return key ? static_cast<std::size_t>(headDim & -headDim) : 64;
    };
    for (std::size_t i = 0; i < stream.keys.size(); ++i) {
        const LlamaTensor &key = stream.keys[i], &value = stream.values[i];
        const std::uint64_t number = found.size();
        const std::int64_t heads = key.width / headDim;
        if (value.width % heads != 0)
            throw inputError(file + ": layer " + std::to_string(number) + " has keys of " + std::to_string(key.width)
                + " channels and values of " + std::to_string(value.width) + ", which " + std::to_string(heads)
                + " heads cannot share; save the state of a model whose keys and values have equal heads.");
        const std::string name = "layer " + std::to_string(number);
        FoundLayer& layer = found[number];
        layer.key = storedTensor(key, name + " keys", stream.positions.size(), heads, block(key, true), cells);
        layer.value = storedTensor(value, name + " values", stream.positions.size(), heads, block(value, false), cells);
    }
}

void acceptTokens(CacheInfo& info, const LlamaState& state)
{
    std::vector<std::int64_t> ids;
    for (const std::int64_t position : info.positions) {
        const auto at = static_cast<std::size_t>(position);
        if (at >= state.tokens.size() || state.tokens[at] < 0)
            break;
        ids.push_back(state.tokens[at]);
    }
    if (ids.size() == info.positions.size())
        info.tokenIds = std::move(ids);
    else if (!state.tokens.empty())
        info.notes.push_back("its " + countText(state.tokens.size(), "token id") + " do not name the token at position "
            + std::to_string(info.positions[ids.size()]) + ": they are left out");
}

void acceptRotation(CacheInfo& info, const LlamaState& state, bool isRotated, bool isUnknown, const Told& told)
{
    info.rope.state = RopeInfo::State::Post;
    const bool interleaved
        = std::find(interleavedArchitectures.begin(), interleavedArchitectures.end(), state.architecture)
        != interleavedArchitectures.end();
    if (!state.architecture.empty())
        info.rope.layout = interleaved ? RopeInfo::Layout::Interleaved : RopeInfo::Layout::Half;
    else if (!told.contains("rope-layout"))
        info.notes.push_back("a slot does not name its model's architecture: whether its keys pair neighbouring "
                             "channels (llama) or halves (qwen2, …) is unknown");
    if (isRotated)
        info.notes.push_back(
            "this llama.cpp stores quantised keys and values multiplied by a Hadamard matrix, which is "
            "undone for its head_dim");
    else if (isUnknown)
        info.notes.push_back(
            "llama.cpp of April 2026 and later multiplies quantised keys and values by a Hadamard "
            "matrix; whether this file's are, it does not say: they are shown as stored. Errors do not "
            "depend on it, single channels and next tokens do");
}

/// What must hold between the full cache and that of the sliding window: the window has the last tokens.
void requireTail(const Chosen& window, const Chosen& whole, const std::string& file)
{
    if (window.positions.empty() || window.positions.size() > whole.positions.size()
        || !std::equal(window.positions.rbegin(), window.positions.rend(), whole.positions.rbegin()))
        throw inputError(file + ": the cells of its second part (sliding window) are not the last "
            + std::to_string(window.positions.size()) + " of the " + std::to_string(whole.positions.size())
            + " in its first; save the state again after a prompt was read, with --swa-full.");
}

DumpLayout readState(const FormatProbe& probe)
{
    const std::string& file = probe.file().name();
    const LlamaState state = readLlamaState(probe.file());
    DumpLayout layout;
    CacheInfo& info = layout.info;
    info.format = state.session ? "llama.cpp session (ggsn, version " : "llama.cpp slot (ggsq, version ";
    const std::string version
        = std::to_string((state.session ? llamaSessionVersion : llamaSlotVersion) + state.generation);
    info.format += version + ")";
    info.metadata[llamaVersionKey] = version;
    info.fileBytes = probe.file().size();
    if (!state.architecture.empty())
        info.metadata[llamaArchitectureKey] = state.architecture;
    const Chosen chosen = chooseSequence(state.sections.front(), info, probe.told(), file);
    std::vector<std::int64_t> widths; // of keys
    bool quantised = false, isRotated = false;
    for (const auto& section : state.sections) {
        if (chosen.stream >= section.size() || section[chosen.stream].keys.empty())
            throw inputError(file + ": its second part (sliding window) lacks sequence "
                + std::to_string(chosen.sequence) + " of the first; save the state again.");
        const LlamaStream& stream = section[chosen.stream];
        isRotated = isRotated || stream.keyRotation > 0 || stream.valueRotation > 0;
        for (std::size_t i = 0; i < stream.keys.size(); ++i) {
            widths.push_back(stream.keys[i].width);
            quantised = quantised || isQuantised(stream.keys[i].type) || isQuantised(stream.values[i].type);
        }
    }
    const std::int64_t headDim = settleHeads(widths, probe.told(), info, file);
    const Rotation rotation = rotationOf(state);
    std::map<std::uint64_t, FoundLayer> found;
    for (const auto& section : state.sections) {
        const LlamaStream& stream = section[chosen.stream];
        const Chosen own = cellsOf(stream, chosen.stream, chosen.sequence, file);
        requireTail(own, chosen, file);
        placeSection(found, stream, own, headDim, rotation, state.generation, file);
    }
    if (state.sections.size() > 1)
        info.notes.push_back("the file does not say which layers have a sliding window: they follow the other "
            + std::to_string(state.sections.front()[chosen.stream].keys.size()));
    acceptLayers(layout, found, file);
    info.positions = chosen.positions;
    const auto [narrow, wide] = std::minmax_element(widths.begin(), widths.end());
    if (*narrow != *wide)
        info.notes.push_back("its layers have keys of " + std::to_string(*narrow) + " to " + std::to_string(*wide)
            + " channels, as hybrid models do");
    acceptTokens(info, state);
    if (state.generation < 2)
        isRotated = quantised && rotation == Rotation::Undone && headDim % 64 == 0;
    acceptRotation(info, state, isRotated, quantised && rotation == Rotation::Unknown, probe.told());
    return layout;
}

constexpr const char* leftOut = "the model's name, its configuration, the number of heads, the text, importance and "
                                "queries of the dump";
const FormatRegistration slot { { .id = "llama-state",
    .label = "llama.cpp slot",
    .patterns = { "*.bin" },
    .tells = "positions and token ids; not its model nor its number of heads",
    .detect = [](const FormatProbe& probe) { return begins(probe, "qsgg"sv); },
    .read = readState,
    .write = makeLlamaSlotWriter,
    .leavesOut = leftOut } };
const FormatRegistration session { { .id = "llama-session",
    .label = "llama.cpp session or prompt cache",
    .patterns = { "*.ggsn" }, // llama.cpp gives them no name; "*.bin" asks for a slot
    .tells = "positions, token ids and the model's architecture; not its name nor its number of heads",
    .detect = [](const FormatProbe& probe) { return begins(probe, "nsgg"sv); },
    .read = readState,
    .write = makeLlamaSessionWriter,
    .leavesOut = leftOut } };

} // namespace
} // namespace pikv
