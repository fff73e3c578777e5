// SPDX-License-Identifier: GPL-3.0-or-later
// Parses llama.cpp's session and slot files (llama-context.cpp, llama-kv-cache.cpp, state_write).
#include "core/formats/llamastatefile.h"
#include "core/base/filesource.h"
#include "core/base/text.h"
#include "core/formats/filecursor.h"
#include "core/formats/safetensors.h"
#include <algorithm>
#include <optional>

namespace pikv {
namespace {

constexpr std::uint32_t maxCells = 1u << 24, maxLayers = 4096, maxSequences = 256;

/// What the version number does not tell apart.
struct Variant {
    bool outputs, streams, rotations;
    std::uint32_t extension; ///< further bytes a cell, of models with positions in two dimensions
};

/// The generation of a version that is known.
std::uint32_t acceptVersion(std::uint32_t version, bool session, const std::string& file)
{
    const std::uint32_t known = session ? llamaSessionVersion : llamaSlotVersion;
    if (version < known || version > known + llamaNewestGeneration)
        throw inputError(file + " is a llama.cpp " + (session ? "session" : "slot") + " of version "
            + std::to_string(version) + " where " + std::to_string(known) + " to "
            + std::to_string(known + llamaNewestGeneration) + " was expected; "
            + (version < known ? "it was written before September 2024: save it again with a newer llama.cpp."
                               : "it was written by a newer llama.cpp or by a variant of it: save it with llama.cpp's "
                                 "own program of 2024 to 2026."));
    return version - known;
}

/// `what` makes the message, where there is one to make: cells are asked about by the million.
template <typename What>
void need(const FileCursor& in, bool condition, What&& what)
{
    if (!condition)
        in.fail(what());
}

std::uint64_t product(const FileCursor& in, std::uint64_t a, std::uint64_t b, const char* what)
{
    std::uint64_t bytes = 0;
    if (__builtin_mul_overflow(a, b, &bytes) || bytes > in.left())
        in.fail(std::string(what) + " would have " + std::to_string(a) + " x " + std::to_string(b) + " bytes, but only "
            + std::to_string(in.left()) + " follow");
    return bytes;
}

std::vector<std::int32_t> readTokens(FileCursor& in)
{
    const auto count = in.take<std::uint32_t>("the number of tokens");
    product(in, count, sizeof(std::int32_t), "the token ids");
    need(in, count <= maxCells,
        [&] { return "there are " + std::to_string(count) + " tokens, at most 2^24 are allowed"; });
    std::vector<std::int32_t> tokens(count);
    for (auto& token : tokens)
        token = in.take<std::int32_t>("the token ids");
    return tokens;
}

/// The words of a server's slot that begin with -1: version, ids, where images begin and what they are, all checked.
/// Throws Error{Input}.
std::vector<std::int32_t> unpackTokens(const std::vector<std::int32_t>& words, const std::string& file)
{
    const MemorySource packed(asBytes(words.data(), words.size() * 4), file + ": packed tokens");
    FileCursor in(packed);
    in.skip(4, "the mark");
    const auto version = in.take<std::uint32_t>("the version of the tokens");
    need(in, version == 1,
        [&] { return "the tokens are packed in version " + std::to_string(version) + " where 1 was expected"; });
    std::vector<std::int32_t> tokens = readTokens(in);
    const auto media = in.take<std::uint32_t>("the number of images");
    in.skip(product(in, media, 4, "the places of images"), "the places of images");
    for (std::uint32_t i = 0; i < media; ++i)
        in.skip(in.take<std::uint32_t>("the size of an image"), "an image");
    need(in, in.left() < 4, [&] { return std::to_string(in.left()) + " bytes follow where at most 3 were expected"; });
    return tokens;
}

std::optional<GgmlTypeInfo> cacheType(std::uint32_t number)
{
    switch (number) {
    case static_cast<std::uint32_t>(GgmlType::F32):
    case static_cast<std::uint32_t>(GgmlType::F16):
    case static_cast<std::uint32_t>(GgmlType::BF16):
    case static_cast<std::uint32_t>(GgmlType::Q8_0):
    case static_cast<std::uint32_t>(GgmlType::Q4_0):
    case static_cast<std::uint32_t>(GgmlType::Q4_1):
    case static_cast<std::uint32_t>(GgmlType::Q5_0):
    case static_cast<std::uint32_t>(GgmlType::Q5_1):
        return ggmlTypeInfo(number);
    default:
        return {};
    }
}

/// Tensors and cells that made sense to a layout: what it took from the file in a wrong one is neither.
using Progress = std::pair<std::uint64_t, std::uint64_t>;

/// One layout that is tried on what follows tokens and architecture. Models that keep some layers in a window have a
/// second section for those.
class StateBody {
public:
    StateBody(FileCursor in, const Variant& variant)
        : m_in(std::move(in))
        , m_variant(variant)
    {
    }
    const Variant& variant() const { return m_variant; }
    const Progress& progress() const { return m_progress; }
    std::vector<std::vector<LlamaStream>>& sections() { return m_sections; }

    /// The next section. Throws Error{Input} where it makes no sense.
    void readSection()
    {
        if (m_variant.outputs && m_sections.empty())
            skipOutputs();
        m_sections.push_back(readStreams());
    }
    void requireEnd() const
    {
        need(m_in, m_in.left() == 0, [&] {
            return std::to_string(m_in.left()) + " bytes follow the last layer where the end of the file was expected";
        });
    }

private:
    void skipOutputs()
    {
        const auto ids = m_in.take<std::uint32_t>("the number of outputs");
        m_in.skip(product(m_in, ids, 4, "the outputs' numbers"), "the outputs' numbers");
        for (const char* what : { "the logits", "the embeddings" }) {
            const auto count = m_in.take<std::uint64_t>(what);
            m_in.skip(product(m_in, count, 4, what), what);
        }
    }

    std::vector<LlamaStream> readStreams()
    {
        std::uint32_t count = 1;
        if (m_variant.streams)
            count = m_in.take<std::uint32_t>("the number of streams");
        need(m_in, count >= 1 && count <= maxSequences,
            [&] { return std::to_string(count) + " streams, where 1 to 256 are possible"; });
        std::vector<LlamaStream> streams(count);
        for (LlamaStream& stream : streams)
            readStream(stream);
        return streams;
    }

    void readStream(LlamaStream& stream)
    {
        readCells(stream);
        if (m_variant.streams && stream.positions.empty())
            return;
        const auto transposed = m_in.take<std::uint32_t>("the mark of transposed values");
        need(m_in, transposed <= 1, [&] {
            return "the mark of transposed values is " + std::to_string(transposed) + " where 0 or 1 was expected";
        });
        const auto layers = m_in.take<std::uint32_t>("the number of layers");
        need(m_in, layers >= 1 && layers <= maxLayers,
            [&] { return std::to_string(layers) + " layers, where 1 to 4096 are possible"; });
        if (m_variant.rotations) {
            stream.keyRotation = readRotation("keys");
            stream.valueRotation = readRotation("values");
        }
        for (std::uint32_t i = 0; i < layers; ++i)
            stream.keys.push_back(readRows(stream.positions.size(), "keys of layer " + std::to_string(i)));
        for (std::uint32_t i = 0; i < layers; ++i) {
            const std::string what = "values of layer " + std::to_string(i);
            stream.values.push_back(
                transposed ? readTransposed(stream.positions.size(), what) : readRows(stream.positions.size(), what));
        }
    }

    void readCells(LlamaStream& stream)
    {
        const auto count = m_in.take<std::uint32_t>("the number of cells");
        product(m_in, count, 8 + m_variant.extension, "the cells");
        need(m_in, count <= maxCells, [&] { return std::to_string(count) + " cells, at most 2^24 are allowed"; });
        stream.positions.resize(count);
        for (std::uint32_t cell = 0; cell < count; ++cell) {
            const auto position = m_in.take<std::int32_t>("a cell");
            need(m_in, position >= 0, [&] {
                return "cell " + std::to_string(cell) + " has the position " + std::to_string(position)
                    + " where 0 or more was expected";
            });
            stream.positions[cell] = position;
            ++m_progress.second;
            const auto sequences = m_in.take<std::uint32_t>("a cell");
            need(m_in, sequences <= maxSequences, [&] {
                return "cell " + std::to_string(cell) + " claims " + std::to_string(sequences)
                    + " sequences, at most 256 fit";
            });
            m_in.skip(m_variant.extension, "a cell");
            for (std::uint32_t i = 0; i < sequences; ++i) {
                const auto id = m_in.take<std::int32_t>("a cell's sequences");
                need(m_in, id >= 0,
                    [&] { return "cell " + std::to_string(cell) + " has the sequence " + std::to_string(id); });
                stream.members.push_back({ id, cell });
            }
        }
    }

    std::uint32_t readRotation(const char* what)
    {
        constexpr std::uint32_t most = 1u << 16;
        const auto channels = m_in.take<std::uint32_t>("the rotation");
        need(m_in, channels <= most && (channels & (channels - 1)) == 0, [&] {
            return std::string(what) + " are rotated by " + std::to_string(channels)
                + " channels, where 0 or a power of two up to 2^16 was expected";
        });
        return channels;
    }

    GgmlTypeInfo readType(const std::string& what)
    {
        const auto number = m_in.take<std::uint32_t>(what.c_str());
        const std::optional<GgmlTypeInfo> type = cacheType(number);
        need(m_in, type.has_value(), [&] {
            return "the " + what + " have the ggml type " + std::to_string(number)
                + ", which is none of F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1";
        });
        return *type;
    }

    LlamaTensor readRows(std::uint64_t cells, const std::string& what)
    {
        const GgmlTypeInfo type = readType(what);
        const auto row = m_in.take<std::uint64_t>(what.c_str()), block = static_cast<std::uint64_t>(type.blockBytes);
        need(m_in, row > 0 && row % block == 0 && row / block <= static_cast<std::uint64_t>(maxDimension) / 32, [&] {
            return "the " + what + " claim rows of " + std::to_string(row) + " bytes, no multiple of the "
                + std::to_string(block) + " of " + std::string(type.name) + " within bounds";
        });
        LlamaTensor tensor { type.type, static_cast<std::int64_t>(row / block) * type.blockElements, false,
            m_in.position(), product(m_in, cells, row, what.c_str()) };
        m_in.skip(tensor.bytes, what.c_str());
        ++m_progress.first;
        return tensor;
    }

    LlamaTensor readTransposed(std::uint64_t cells, const std::string& what)
    {
        const GgmlTypeInfo type = readType(what);
        const auto element = m_in.take<std::uint32_t>(what.c_str()), width = m_in.take<std::uint32_t>(what.c_str());
        need(m_in, type.blockElements == 1 && element == static_cast<std::uint32_t>(type.blockBytes), [&] {
            return "the transposed " + what + " are " + std::string(type.name) + " of " + std::to_string(element)
                + " bytes each; only F32, F16 and BF16 can be transposed";
        });
        need(m_in, width > 0 && width <= maxDimension, [&] { return "the " + what + " have no channels"; });
        LlamaTensor tensor { type.type, static_cast<std::int64_t>(width), true, m_in.position(),
            product(m_in, std::uint64_t(element) * width, cells, what.c_str()) };
        m_in.skip(tensor.bytes, what.c_str());
        ++m_progress.first;
        return tensor;
    }

    FileCursor m_in;
    Variant m_variant;
    Progress m_progress;
    std::vector<std::vector<LlamaStream>> m_sections;
};

/// Slots of before mid 2025 name no sequence: all their cells are those of the one that was saved.
void nameTheSequence(std::vector<std::vector<LlamaStream>>& sections)
{
    for (auto& section : sections)
        for (LlamaStream& stream : section)
            if (stream.members.empty())
                for (std::uint32_t cell = 0; cell < stream.positions.size(); ++cell)
                    stream.members.push_back({ 0, cell });
}

/// In the order of their age. Cells never had an extension before there were streams; the newer version has streams and
/// no outputs.
std::vector<Variant> variants(bool session, std::uint32_t generation)
{
    const bool newer = generation > 0, rotations = generation > 1;
    std::vector<Variant> all;
    for (const bool outputs : { true, false }) {
        if (outputs && (!session || newer))
            continue;
        if (!newer && (outputs || !session))
            all.push_back({ outputs, false, false, 0 });
        for (const std::uint32_t extension : { 0, 8, 12 })
            all.push_back({ outputs, true, rotations, extension });
    }
    return all;
}

void readHead(FileCursor& in, LlamaState& state, const std::string& file)
{
    state.tokens = readTokens(in);
    state.packedTokens = !state.session && !state.tokens.empty() && state.tokens.front() == -1;
    if (state.packedTokens)
        state.tokens = unpackTokens(state.tokens, file);
    if (state.session)
        state.architecture = in.string<std::uint32_t>("the architecture");
}

/// Tries layouts one after the other, and remembers where the one failed that made sense for longest.
class LayoutSearch {
public:
    /// False where `work` throws; `progress` is looked at then.
    bool attempt(const Progress& progress, auto&& work)
    {
        try {
            work();
            return true;
        } catch (const SourceChangedError&) {
            throw;
        } catch (const Error& error) {
            if (!m_furthest || *m_furthest < progress)
                m_fault = error.what();
            m_furthest = std::max(m_furthest.value_or(progress), progress);
            return false;
        }
    }

    /// False where none fits. All are tried with one section before any is with two.
    bool find(const FileCursor& in, const std::vector<Variant>& variants, LlamaState& state)
    {
        std::vector<StateBody> unfinished;
        for (const Variant& variant : variants) {
            StateBody body(in, variant);
            if (reads(body, state))
                return true;
            if (!body.sections().empty())
                unfinished.push_back(std::move(body));
        }
        return std::any_of(unfinished.begin(), unfinished.end(), [&](StateBody& body) { return reads(body, state); });
    }
    const std::string& fault() const { return m_fault; }

private:
    /// Whether the file ends behind the body's next section, which is the state then.
    bool reads(StateBody& body, LlamaState& state)
    {
        const auto work = [&] {
            body.readSection();
            body.requireEnd();
        };
        if (!attempt(body.progress(), work))
            return false;
        state.hasOutputs = body.variant().outputs;
        state.hasStreams = body.variant().streams;
        state.sections = std::move(body.sections());
        return true;
    }

    std::string m_fault;
    std::optional<Progress> m_furthest;
};

} // namespace

LlamaState readLlamaState(const ByteSource& file)
{
    LlamaState state;
    FileCursor in(file);
    state.session = in.take<std::uint32_t>("the magic") != llamaSlotMagic;
    state.generation = acceptVersion(in.take<std::uint32_t>("the version"), state.session, file.name());
    LayoutSearch search;
    if (!search.attempt({}, [&] { readHead(in, state, file.name()); })
        || !search.find(in, variants(state.session, state.generation), state))
        throw inputError(search.fault()
            + ". It fits none of the layouts of llama.cpp's states that this program knows (2024 to "
              "2026), and this is where the nearest one fails; the file is damaged or cut short, or "
              "of another llama.cpp: save it again with llama.cpp.");
    if (!state.session)
        nameTheSequence(state.sections);
    return state;
}

} // namespace pikv
