// SPDX-License-Identifier: GPL-3.0-or-later
// llama.cpp's slot and session files, written as llama_context::state_seq_save_file() and state_save_file() do
// (llama-kv-cache.cpp, state_write): all keys, then all values, a row of all heads for every cell.
#include "core/formats/llamawriter.h"
#include "core/base/atomicfile.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cache/crossattention.h"
#include "core/formats/llamastatefile.h"
#include "core/formats/orderedtensors.h"
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

namespace pikv {
namespace {

/// Model types whose query and key weights convert_hf_to_gguf.py permutes, so that neighbouring channels are a pair.
constexpr std::array<std::string_view, 9> permutedTypes { "llama", "mistral", "mixtral", "granite", "granitemoe",
    "smollm3", "arcee", "minicpm", "deci" };

/// Where transformers and llama.cpp call an architecture otherwise.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> otherNames { { { "mistral", "llama" },
    { "mixtral", "llama" }, { "gpt_neox", "gptneox" }, { "phi", "phi2" }, { "gemma3_text", "gemma3" },
    { "qwen2_moe", "qwen2moe" }, { "qwen3_moe", "qwen3moe" } } };
/// Those that both call the same.
constexpr std::array<std::string_view, 16> sameNames { "llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3",
    "smollm3", "granite", "olmo2", "minicpm", "stablelm", "arcee", "deci", "starcoder2", "falcon" };

struct Place {
    std::uint64_t header = 0, rows = 0; ///< offsets in the file
};

std::optional<std::uint32_t> ggmlTypeOf(DType dtype)
{
    switch (dtype) {
    case DType::F16:
        return static_cast<std::uint32_t>(GgmlType::F16);
    case DType::BF16:
        return static_cast<std::uint32_t>(GgmlType::BF16);
    case DType::F32:
        return static_cast<std::uint32_t>(GgmlType::F32);
    default:
        return {};
    }
}

std::string textOf(const std::map<std::string, std::string>& metadata, const char* key)
{
    const auto at = metadata.find(key);
    return at == metadata.end() ? std::string() : at->second;
}

/// "" where the dump has no configuration that says it.
std::string modelType(const std::map<std::string, std::string>& metadata)
{
    const nlohmann::json config = nlohmann::json::parse(textOf(metadata, "config"), nullptr, false);
    return config.is_object() && config.contains("model_type") && config["model_type"].is_string()
        ? config["model_type"].get<std::string>()
        : std::string();
}

/// What llama.cpp calls it; "" where nothing says it.
std::string architectureOf(const std::map<std::string, std::string>& metadata)
{
    if (const std::string known = textOf(metadata, llamaArchitectureKey); !known.empty())
        return known;
    const std::string type = modelType(metadata);
    for (const auto& [here, there] : otherNames)
        if (type == here)
            return std::string(there);
    return std::find(sameNames.begin(), sameNames.end(), type) == sameNames.end() ? std::string() : type;
}

/// That of the file that the dump was read from, else the newest: llama.cpp takes its own alone.
std::uint32_t generationOf(const std::map<std::string, std::string>& metadata)
{
    const std::string version = textOf(metadata, llamaVersionKey);
    for (std::uint32_t generation = 0; generation < llamaNewestGeneration; ++generation)
        if (version == std::to_string(llamaSessionVersion + generation)
            || version == std::to_string(llamaSlotVersion + generation))
            return generation;
    return llamaNewestGeneration;
}

bool isPermuted(const std::map<std::string, std::string>& metadata)
{
    if (textOf(metadata, "rope_layout") != "half" || textOf(metadata, "key_rope") == "pre")
        return false;
    const std::string type = modelType(metadata);
    return std::find(permutedTypes.begin(), permutedTypes.end(), type) != permutedTypes.end();
}

bool endsWith(const TensorEntry& tensor, std::string_view part)
{
    return tensor.name.starts_with("layers.") && tensor.name.ends_with(part);
}

class LlamaWriter final : public OrderedTensors {
public:
    LlamaWriter(bool session, const std::string& path, std::vector<TensorEntry> list,
        const std::map<std::string, std::string>& metadata)
        : OrderedTensors(std::move(list))
        , m_path(path)
        , m_session(session)
        , m_generation(generationOf(metadata))
        , m_architecture(architectureOf(metadata))
        , m_permuted(isPermuted(metadata))
        , m_cross(textOf(metadata, crossAttentionKey) == crossAttentionValue)
        , m_rotated(std::atoll(textOf(metadata, "rope_dim").c_str()))
        , m_places(tensors().size())
        , m_file(path, checkedBytes())
    {
    }

private:
    void add(std::size_t index, const TensorEntry& tensor, ByteSpan bytes) override
    {
        if (tensor.name == "input_ids")
            m_tokens = numbers(tensor, bytes);
        else if (tensor.name == "positions")
            m_positions = numbers(tensor, bytes);
        else if (endsWith(tensor, ".key") || endsWith(tensor, ".value"))
            writeRows(index, bytes);
    }

    void finish() override { m_file.commit(); }

    [[noreturn]] void refuse(const std::string& what) const
    {
        throw usageError("A llama.cpp " + std::string(m_session ? "session" : "slot") + " cannot hold this: " + what
            + "; write " + inQuotes(m_path) + " in another format, such as .safetensors.");
    }

    std::uint64_t checkedBytes()
    {
        const TensorEntry* first = nullptr;
        std::size_t number = 0;
        if (m_session && m_architecture.empty())
            refuse("it names its model's architecture, which this dump does not say by its configuration");
        if (m_cross)
            refuse("it is of cross-attention, which llama.cpp does not save");
        for (const TensorEntry& tensor : tensors()) {
            if (tensor.name == "attention_mask")
                refuse("its sequences have padding");
            const bool key = endsWith(tensor, ".key");
            if (!key && !endsWith(tensor, ".value"))
                continue;
            if (!first)
                first = &tensor;
            if (tensor.shape.at(0) != 1)
                refuse("it has " + countText(static_cast<std::uint64_t>(tensor.shape[0]), "sequence") + ", it has one");
            if (tensor.shape.at(2) != first->shape.at(2))
                refuse("its layers have " + std::to_string(first->shape[2]) + " and " + std::to_string(tensor.shape[2])
                    + " tokens");
            if (tensor.shape.at(1) != first->shape.at(1))
                refuse("its layers have " + std::to_string(first->shape[1]) + " and " + std::to_string(tensor.shape[1])
                    + " KV heads");
            if (!ggmlTypeOf(tensor.dtype))
                refuse("its " + inQuotes(tensor.name) + " is " + std::string(dtypeName(tensor.dtype))
                    + " where f16, bf16 or f32 is needed");
            if (key && tensor.name != "layers." + std::to_string(number++) + ".key")
                refuse("its model has layers without a cache before " + inQuotes(tensor.name));
        }
        if (!first)
            throw std::logic_error("a dump has layers");
        m_cells = first->shape[2];
        return tensorBytes(tensors()) + 64 * tensors().size();
    }

    std::vector<std::int64_t> numbers(const TensorEntry& tensor, ByteSpan bytes) const
    {
        std::vector<std::int64_t> values(bytes.size() / sizeof(std::int64_t));
        if (!values.empty()) // memcpy takes no null pointer
            std::memcpy(values.data(), bytes.data(), values.size() * sizeof(std::int64_t));
        for (const std::int64_t value : values)
            if (value > std::numeric_limits<std::int32_t>::max())
                refuse("its " + inQuotes(tensor.name) + " hold " + std::to_string(value) + ", above 2^31 - 1");
        return values;
    }

    static void append(Bytes& out, std::initializer_list<std::int64_t> words)
    {
        for (const std::int64_t word : words)
            appendLe(out, static_cast<std::uint32_t>(word));
    }

    /// Tokens of position 0, 1, …: where the positions count otherwise, a slot has no place for them.
    bool countsFromZero() const
    {
        for (std::size_t i = 0; i < m_positions.size(); ++i)
            if (m_positions[i] != static_cast<std::int64_t>(i))
                return false;
        return true;
    }

    /// Everything before the first row, and where each tensor's rows go.
    void begin()
    {
        Bytes head;
        if (!countsFromZero())
            m_tokens.clear();
        const std::uint32_t version = (m_session ? llamaSessionVersion : llamaSlotVersion) + m_generation;
        append(head,
            { m_session ? llamaSessionMagic : llamaSlotMagic, version, static_cast<std::int64_t>(m_tokens.size()) });
        for (const std::int64_t token : m_tokens)
            append(head, { token });
        if (m_session) {
            append(head, { static_cast<std::int64_t>(m_architecture.size()) });
            const ByteSpan name = asBytes(m_architecture.data(), m_architecture.size());
            head.insert(head.end(), name.begin(), name.end());
        }
        append(head, { 1, m_cells }); // streams, cells
        for (std::int64_t cell = 0; cell < m_cells; ++cell) // position, sequences, the sequence
            append(head, { m_positions.empty() ? cell : m_positions[static_cast<std::size_t>(cell)], 1, 0 });
        const auto layers = std::count_if(
            tensors().begin(), tensors().end(), [](const TensorEntry& t) { return endsWith(t, ".key"); });
        append(head, { 0, layers }); // values are not transposed
        if (m_generation > 1)
            append(head, { 0, 0 }); // neither keys nor values are rotated
        m_file.writeAt(0, head);
        std::uint64_t end = head.size();
        for (const char* part : { ".key", ".value" })
            for (std::size_t i = 0; i < tensors().size(); ++i)
                if (endsWith(tensors()[i], part)) {
                    m_places[i] = { end, end + 12 };
                    end += 12 + tensorBytes(tensors()[i]);
                }
    }

    void writeRows(std::size_t index, ByteSpan bytes)
    {
        if (!std::exchange(m_begun, true))
            begin();
        const TensorEntry& tensor = tensors()[index];
        const auto heads = static_cast<std::size_t>(tensor.shape[1]), cells = static_cast<std::size_t>(m_cells),
                   dim = static_cast<std::size_t>(tensor.shape[3]), size = dtypeSize(tensor.dtype);
        const bool key = endsWith(tensor, ".key");
        Bytes head;
        appendLe(head, *ggmlTypeOf(tensor.dtype));
        appendLe(head, static_cast<std::uint64_t>(heads * dim * size));
        m_file.writeAt(m_places[index].header, head);
        std::vector<std::size_t> order(key && m_permuted ? dim : 0); // of a head's channels in the file
        const std::size_t rotated = m_rotated > 0 ? std::min(dim, static_cast<std::size_t>(m_rotated)) / 2 * 2 : dim;
        for (std::size_t i = 0; i < order.size(); ++i)
            order[i] = i < rotated ? i / 2 + i % 2 * (rotated / 2) : i;
        Bytes rows(bytes.size());
        for (std::size_t h = 0; h < heads; ++h)
            for (std::size_t c = 0; c < cells; ++c) {
                const std::byte* from = bytes.data() + (h * cells + c) * dim * size;
                std::byte* to = rows.data() + (c * heads + h) * dim * size;
                if (order.empty())
                    std::memcpy(to, from, dim * size);
                for (std::size_t i = 0; i < order.size(); ++i)
                    std::memcpy(to + i * size, from + order[i] * size, size);
            }
        m_file.writeAt(m_places[index].rows, rows);
    }

    const std::string m_path;
    const bool m_session;
    const std::uint32_t m_generation;
    const std::string m_architecture;
    const bool m_permuted, m_cross;
    const std::int64_t m_rotated; ///< channels of a head; 0: all
    std::int64_t m_cells = 0;
    std::vector<Place> m_places;
    std::vector<std::int64_t> m_tokens, m_positions;
    bool m_begun = false;
    AtomicFile m_file;
};

} // namespace

std::unique_ptr<TensorWriter> makeLlamaSlotWriter(
    const std::string& path, std::vector<TensorEntry> tensors, const std::map<std::string, std::string>& metadata)
{
    return std::make_unique<LlamaWriter>(false, path, std::move(tensors), metadata);
}

std::unique_ptr<TensorWriter> makeLlamaSessionWriter(
    const std::string& path, std::vector<TensorEntry> tensors, const std::map<std::string, std::string>& metadata)
{
    return std::make_unique<LlamaWriter>(true, path, std::move(tensors), metadata);
}

} // namespace pikv
