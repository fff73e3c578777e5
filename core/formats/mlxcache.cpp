// SPDX-License-Identifier: GPL-3.0-or-later
// Prompt caches of mlx-lm (save_prompt_cache): tensors `<layer>.0` and `<layer>.1`. Up to 0.31 the class of every layer
// is in the metadata `2.<layer>`, its numbers in `0.<layer>`, the model in `1.model`. Since 0.32 the classes are in
// `1.<layer>`, the model in `0.model`, the numbers are tensors behind the values, and keys and values are the buffers,
// with room for tokens to come.
#include "core/base/text.h"
#include "core/formats/formatregistry.h"
#include "core/formats/genericdump.h"
#include "core/formats/layercheck.h"
#include "core/formats/mlxquantised.h"
#include "core/formats/nativedump.h"
#include "core/formats/stridedread.h"
#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

namespace pikv {
namespace {

constexpr const char* saveAgain = "; save the cache again with mlx_lm.cache_prompt";

/// All of `text`, decimal.
std::optional<std::int64_t> decimal(std::string_view text)
{
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || text.empty())
        return {};
    return number;
}

/// Tensors in which 0.32 and later keep what was metadata before, in that order, and the one that says up to which row
/// the buffer is filled.
struct NumberTensors {
    std::string_view kind, numbers, filled; ///< one digit a tensor
};
constexpr std::array<NumberTensors, 5> numberTensors { { { "KVCache", "", "2" }, { "QuantizedKVCache", "234", "" },
    { "RotatingKVCache", "3425", "" }, { "ChunkedKVCache", "34", "2" }, { "BatchKVCache", "", "4" } } };

/// What the file says of one layer.
struct MlxLayer {
    std::string kind; ///< "KVCache"
    std::map<std::string, const TensorEntry*> tensors; ///< by what follows the layer's number: "0", "1.2"
    std::vector<std::int64_t> numbers; ///< its meta state
    std::optional<std::int64_t> filled; ///< rows of its buffers that hold tokens; none: all
    std::vector<std::int64_t> positions; ///< of its rows, once they are known
    std::vector<std::int64_t> padding; ///< rows at the left of every sequence that are nobody's tokens
};

class MlxReader {
public:
    MlxReader(const ByteSource& file, const SafetensorsHeader& header)
        : m_file(file)
        , m_header(header)
        , m_isNewer(header.metadata.at("2.0").empty())
    {
    }

    DumpLayout read();

private:
    [[noreturn]] void fail(std::uint64_t index, const std::string& what) const
    {
        throw inputError(m_file.name() + ": layer " + std::to_string(index) + " (" + m_layers.at(index).kind + ") "
            + what + saveAgain + ".");
    }
    void findLayers();
    void findNumbers();
    void findNumberTensors();
    std::int64_t numberIn(std::uint64_t index, char part) const;
    void place(std::uint64_t index, MlxLayer& layer);
    const TensorEntry& tensor(std::uint64_t index, const std::string& part) const;
    void requireNumbers(std::uint64_t index, std::size_t newer, std::size_t older);
    void placePlain(std::uint64_t index);
    void placeQuantised(std::uint64_t index);
    void placeRotating(std::uint64_t index, MlxLayer& layer);
    void placeBatch(std::uint64_t index, MlxLayer& layer);
    std::int64_t rowsOf(std::uint64_t index) const;
    void acceptPositions(CacheInfo& info) const;
    void acceptPadding(CacheInfo& info) const;

    const ByteSource& m_file;
    const SafetensorsHeader& m_header;
    const bool m_isNewer; ///< written by 0.32 or later
    std::map<std::uint64_t, MlxLayer> m_layers;
    std::map<std::uint64_t, FoundLayer> m_found;
    std::string m_skipped; ///< classes of layers that hold no keys and values
};

/// "12.0.1" → 12 and "0.1".
std::optional<std::pair<std::uint64_t, std::string>> layerAndPart(std::string_view name)
{
    const std::size_t dot = name.find('.');
    const auto number = decimal(name.substr(0, dot));
    if (!number || *number < 0)
        return {};
    return std::pair(static_cast<std::uint64_t>(*number),
        dot == std::string_view::npos ? std::string() : std::string(name.substr(dot + 1)));
}

void MlxReader::findLayers()
{
    const std::string_view classes = m_isNewer ? "1." : "2.";
    for (const auto& [key, value] : m_header.metadata)
        if (key.starts_with(classes))
            if (const auto place = layerAndPart(std::string_view(key).substr(2)); place && place->second.empty()) {
                if (place->first >= maxLayerCount)
                    throw inputError(m_file.name() + ": metadata " + inQuotes(key)
                        + " names a layer above the limit of " + std::to_string(maxLayerCount) + saveAgain + ".");
                m_layers[place->first].kind = value;
            }
    for (const TensorEntry& entry : m_header.tensors) {
        const auto place = layerAndPart(entry.name);
        if (!place || !m_layers.contains(place->first))
            throw inputError(m_file.name() + ": tensor " + inQuotes(entry.name)
                + " belongs to no layer whose class the metadata names (" + std::string(classes) + "0, "
                + std::string(classes) + "1, …)" + saveAgain + ".");
        m_layers[place->first].tensors[place->second] = &entry;
    }
}

/// `0.<layer>.<n>`: decimal numbers of the classes that have some.
void MlxReader::findNumbers()
{
    for (auto& [index, layer] : m_layers)
        for (std::size_t n = 0;; ++n) {
            const auto at = m_header.metadata.find("0." + std::to_string(index) + "." + std::to_string(n));
            if (at == m_header.metadata.end())
                break;
            const auto number = decimal(at->second);
            constexpr std::int64_t most = std::int64_t(1) << 40;
            if (!number || *number < -most || *number > most)
                fail(index,
                    "has " + inQuotes(at->second) + " in the metadata " + inQuotes(at->first)
                        + " where a decimal number was expected");
            layer.numbers.push_back(*number);
        }
}

std::int64_t MlxReader::numberIn(std::uint64_t index, char part) const
{
    const TensorEntry& entry = tensor(index, std::string(1, part));
    if (!entry.shape.empty() || (entry.dtype != DType::I32 && entry.dtype != DType::I64))
        fail(index,
            "has tensor " + inQuotes(entry.name) + " " + shapeText(entry.shape) + " "
                + std::string(dtypeName(entry.dtype)) + " where one integer was expected");
    return readIntegers(m_file, entry).front();
}

void MlxReader::findNumberTensors()
{
    for (auto& [index, layer] : m_layers) {
        const auto which = std::find_if(numberTensors.begin(), numberTensors.end(),
            [&, kind = std::string_view(layer.kind)](const NumberTensors& n) { return n.kind == kind; });
        if (which == numberTensors.end())
            continue;
        for (const char part : which->numbers)
            layer.numbers.push_back(numberIn(index, part));
        if (!which->filled.empty())
            layer.filled = numberIn(index, which->filled.front());
    }
}

const TensorEntry& MlxReader::tensor(std::uint64_t index, const std::string& part) const
{
    const auto& tensors = m_layers.at(index).tensors;
    const auto at = tensors.find(part);
    if (at == tensors.end())
        fail(index, "has no tensor '" + std::to_string(index) + "." + part + "'");
    return *at->second;
}

/// Older versions wrote one number more, the step in which the buffer grows; it is dropped. In both classes that had
/// it, it stands before `offset`.
void MlxReader::requireNumbers(std::uint64_t index, std::size_t newer, std::size_t stepAt)
{
    std::vector<std::int64_t>& numbers = m_layers.at(index).numbers;
    if (numbers.size() == newer + 1)
        numbers.erase(numbers.begin() + static_cast<std::ptrdiff_t>(stepAt));
    if (numbers.size() != newer)
        fail(index,
            "has " + countText(numbers.size(), "number") + " in the metadata '0." + std::to_string(index) + ".…' where "
                + std::to_string(newer) + " were expected");
}

void MlxReader::placePlain(std::uint64_t index)
{
    const TensorEntry &key = tensor(index, "0"), &value = tensor(index, "1");
    if (key.shape.size() != 4 || value.shape.size() != 4 || key.shape[2] != value.shape[2])
        fail(index,
            "has keys " + shapeText(key.shape) + " and values " + shapeText(value.shape)
                + " where [batch, kv_heads, seq, head_dim] with equal seq was expected");
    const std::int64_t rows = m_layers.at(index).filled.value_or(key.shape[2]);
    if (rows < 0 || rows > key.shape[2])
        fail(index,
            "says that " + std::to_string(rows) + " of its " + countText(std::uint64_t(key.shape[2]), "row")
                + " hold tokens");
    for (const auto& [entry, role] : { std::pair { &key, &FoundLayer::key }, { &value, &FoundLayer::value } }) {
        StoredTensor used(*entry);
        if (rows < key.shape[2])
            used.narrow(2, 0, rows);
        placeEntry(m_found, index, role, used, m_file.name());
    }
}

void MlxReader::placeQuantised(std::uint64_t index)
{
    requireNumbers(index, 3, 0);
    const auto& numbers = m_layers.at(index).numbers; // offset, group_size, bits
    const MlxQuantisation how { numbers[1], numbers[2] };
    for (const auto& [part, role] : { std::pair { "0", &FoundLayer::key }, { "1", &FoundLayer::value } }) {
        const std::string prefix = std::string(part) + ".";
        const MlxTensors three { tensor(index, prefix + "0"), tensor(index, prefix + "1"),
            tensor(index, prefix + "2") };
        placeEntry(m_found, index, role, mlxDequantised(three, how, numbers[0], m_file.name()), m_file.name());
    }
}

/// The ring in order of time: the kept rows, then from the write index to the end, then what was written over.
void MlxReader::placeRotating(std::uint64_t index, MlxLayer& layer)
{
    requireNumbers(index, 4, 2);
    placePlain(index);
    const std::int64_t rows = rowsOf(index), keep = layer.numbers[0], offset = layer.numbers[2], at = layer.numbers[3];
    if (rows == 0)
        return;
    if (keep < 0 || keep > rows || at < 0 || at > std::max(rows, offset) || offset < 1)
        fail(index,
            "has " + countText(static_cast<std::uint64_t>(rows), "row") + " but says keep " + std::to_string(keep)
                + ", offset " + std::to_string(offset) + ", index " + std::to_string(at));
    std::vector<std::int64_t> order;
    const auto append = [&](std::int64_t from, std::int64_t to) {
        for (; from < to; ++from)
            order.push_back(from);
    };
    if (at == rows || at >= offset) {
        append(0, std::min(rows, offset));
    } else {
        if (at > rows || at < keep || offset < rows)
            fail(index,
                "is a ring of " + std::to_string(rows) + " rows with keep " + std::to_string(keep) + ", offset "
                    + std::to_string(offset) + " and index " + std::to_string(at) + ", which no history makes");
        append(0, keep);
        append(at, rows);
        append(keep, at);
    }
    const auto count = static_cast<std::int64_t>(order.size());
    for (std::int64_t row = 0; row < count; ++row)
        layer.positions.push_back(row < keep ? row : offset - (count - row));
    const auto shared = std::make_shared<const std::vector<std::int64_t>>(std::move(order));
    FoundLayer& found = m_found[index];
    takeRows(*found.key, shared);
    takeRows(*found.value, shared);
}

void MlxReader::placeBatch(std::uint64_t index, MlxLayer& layer)
{
    placePlain(index);
    const TensorEntry &offset = tensor(index, "2"), &padding = tensor(index, "3");
    const auto isNumbers = [&](const TensorEntry& t) {
        return t.shape.size() == 1 && t.shape[0] == m_found[index].key->shape[0]
            && (t.dtype == DType::I32 || t.dtype == DType::I64 || t.dtype == DType::U32);
    };
    if (!isNumbers(offset) || !isNumbers(padding))
        fail(index,
            "has offset " + shapeText(offset.shape) + " and left_padding " + shapeText(padding.shape)
                + " where one integer a sequence was expected");
    const std::vector<std::int64_t> tokens = readIntegers(m_file, offset);
    layer.padding = readIntegers(m_file, padding);
    for (std::size_t b = 0; b < tokens.size(); ++b)
        if (tokens[b] < 1 || tokens[b] + layer.padding[b] != rowsOf(index))
            fail(index,
                "has " + std::to_string(rowsOf(index)) + " rows but says " + std::to_string(tokens[b])
                    + " tokens after " + std::to_string(layer.padding[b]) + " of padding in sequence "
                    + std::to_string(b));
}

std::int64_t MlxReader::rowsOf(std::uint64_t index) const { return m_found.at(index).key->shape.at(2); }

void MlxReader::place(std::uint64_t index, MlxLayer& layer)
{
    const std::string& kind = layer.kind;
    if (kind == "CacheList" || kind == "ArraysCache" || kind == "MambaCache") {
        if (m_skipped.find(kind) == std::string::npos)
            m_skipped += (m_skipped.empty() ? "" : ", ") + kind;
        return;
    }
    if (kind == "KVCache" || kind == "ConcatenateKVCache") {
        placePlain(index);
    } else if (kind == "QuantizedKVCache") {
        placeQuantised(index);
    } else if (kind == "RotatingKVCache") {
        placeRotating(index, layer);
    } else if (kind == "ChunkedKVCache") {
        requireNumbers(index, 2, 2);
        if (layer.numbers[1] < 0 || layer.numbers[1] > maxDimension)
            fail(index, "starts at position " + std::to_string(layer.numbers[1]));
        if (layer.filled)
            *layer.filled -= layer.numbers[1]; // it is the position behind the last row
        placePlain(index);
        layer.positions.resize(static_cast<std::size_t>(rowsOf(index)));
        std::iota(layer.positions.begin(), layer.positions.end(), layer.numbers[1]);
    } else if (kind == "BatchKVCache") {
        placeBatch(index, layer);
    } else {
        fail(index,
            "is of a class that this version does not read (KVCache, QuantizedKVCache, RotatingKVCache, "
            "ChunkedKVCache, BatchKVCache)");
    }
    if (layer.positions.empty()) {
        layer.positions.resize(static_cast<std::size_t>(rowsOf(index)));
        std::iota(layer.positions.begin(), layer.positions.end(), 0);
    }
}

/// A layer with fewer rows must hold the last tokens of the longest one: its rows have no positions of their own.
void MlxReader::acceptPositions(CacheInfo& info) const
{
    const MlxLayer* longest = nullptr;
    for (const auto& [index, layer] : m_layers)
        if (!longest || layer.positions.size() > longest->positions.size())
            longest = &layer;
    for (const auto& [index, layer] : m_layers)
        if (!std::equal(layer.positions.rbegin(), layer.positions.rend(), longest->positions.rbegin()))
            fail(index,
                "holds positions " + std::to_string(layer.positions.front()) + " to "
                    + std::to_string(layer.positions.back())
                    + ", which are not the last ones of the longest layer; layers like this cannot be compared");
    info.positions = longest->positions;
}

/// Padding is the same in all layers of one batch.
void MlxReader::acceptPadding(CacheInfo& info) const
{
    const MlxLayer* first = nullptr;
    for (const auto& [index, layer] : m_layers) {
        if (layer.positions.empty())
            continue;
        if (!first)
            first = &layer;
        if (layer.padding != first->padding
            || (!layer.padding.empty() && layer.positions.size() != info.positions.size()))
            fail(index, "has another left padding, or length, than the first layer");
    }
    if (!first || first->padding.empty())
        return;
    const std::int64_t seq = info.seq();
    for (const std::int64_t hidden : first->padding)
        for (std::int64_t row = 0; row < seq; ++row)
            info.visible.push_back(row >= hidden);
    if (info.hasPadding() && std::any_of(first->padding.begin(), first->padding.end(), [](auto n) { return n > 0; }))
        info.notes.push_back("sequences are padded at the left: position 0 is the first row, not the first token");
    dropFullMask(info);
}

DumpLayout MlxReader::read()
{
    DumpLayout layout;
    CacheInfo& info = layout.info;
    info.format = "mlx-lm prompt cache (safetensors)";
    info.fileBytes = m_file.size();
    findLayers();
    if (m_isNewer)
        findNumberTensors();
    else
        findNumbers();
    for (auto& [index, layer] : m_layers)
        place(index, layer);
    if (m_found.empty())
        throw inputError(m_file.name() + ": its layers (" + m_skipped
            + ") hold the states of a recurrent model, not keys and values; save the cache of a model with attention.");
    acceptLayers(layout, m_found, m_file.name());
    acceptPositions(info);
    acceptPadding(info);
    if (!m_skipped.empty())
        info.notes.push_back("layers of class " + m_skipped + " hold no keys and values: they are left out");
    info.rope.state = RopeInfo::State::Post;
    info.rope.layout = RopeInfo::Layout::Half;
    const std::string_view user = m_isNewer ? "0." : "1.";
    for (const auto& [key, value] : m_header.metadata)
        if (key.starts_with(user))
            (key.substr(2) == "model" ? info.model : info.metadata[key.substr(2)]) = value;
    return layout;
}

bool isMlxCache(const FormatProbe& probe)
{
    const SafetensorsHeader* header = probe.safetensors();
    return header && kvFormatOf(header).empty() && header->metadata.contains("2.0");
}

const FormatRegistration registration { { .id = "mlx-lm",
    .label = "mlx-lm prompt cache (safetensors)",
    .patterns = { "*.safetensors" },
    .tells = "model, RoPE layout, positions, padding",
    .detect = isMlxCache,
    .read = [](const FormatProbe& probe) { return MlxReader(probe.file(), *probe.safetensors()).read(); },
    .list = listSafetensors } };

} // namespace
} // namespace pikv
