// SPDX-License-Identifier: GPL-3.0-or-later
// Tensors of a dump beside its keys and values: token ids, positions, mask, importance.
#include "core/base/text.h"
#include "core/formats/layercheck.h"
#include <algorithm>

namespace pikv {
namespace {

template <typename T>
std::vector<std::int64_t> widen(const Bytes& raw)
{
    std::vector<std::int64_t> values(raw.size() / sizeof(T));
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<std::int64_t>(loadLe<T>(raw.data() + i * sizeof(T)));
    return values;
}

bool isInteger(DType dtype) { return dtype == DType::I64 || dtype == DType::I32 || dtype == DType::U32; }

bool isFlag(DType dtype) { return dtypeSize(dtype) == 1 || isInteger(dtype); }

/// Finds the tensors beside the layers and checks their shapes.
class Companions {
public:
    Companions(const std::string& file, std::span<const StoredTensor> tensors, bool strict, CacheInfo& info)
        : m_file(file)
        , m_tensors(tensors)
        , m_strict(strict)
        , m_info(info)
    {
    }

    /// The tensor `name` if it has one of `shapes` and a fitting type.
    const StoredTensor* find(const char* name, std::initializer_list<std::vector<std::int64_t>> shapes,
        bool (*fits)(DType), const char* type) const
    {
        const auto entry
            = std::find_if(m_tensors.begin(), m_tensors.end(), [&](const auto& t) { return t.name == name; });
        if (entry == m_tensors.end())
            return nullptr;
        bool known = false;
        for (const auto& shape : shapes)
            known = known || entry->shape == shape;
        if (known && fits(entry->dtype))
            return &*entry;
        const std::string what = "tensor " + inQuotes(name) + " is " + shapeText(entry->shape) + " "
            + std::string(dtypeName(entry->dtype)) + " where " + shapeText(*shapes.begin()) + " " + type
            + " was expected";
        if (m_strict)
            throw inputError(m_file + ": " + what + "; leave it out or write it for every token.");
        m_info.notes.push_back(what + ": it is left out");
        return nullptr;
    }

private:
    const std::string& m_file;
    std::span<const StoredTensor> m_tensors;
    bool m_strict;
    CacheInfo& m_info;
};

} // namespace

std::vector<std::int64_t> readIntegers(const ByteSource& file, const StoredTensor& entry)
{
    const Bytes raw = readElements(file, entry);
    std::vector<std::int64_t> values = entry.dtype == DType::I64 ? widen<std::int64_t>(raw)
        : entry.dtype == DType::I32                              ? widen<std::int32_t>(raw)
                                                                 : widen<std::uint32_t>(raw);
    for (std::size_t i = 0; i < values.size(); ++i)
        if (values[i] < 0 || values[i] > maxDimension)
            throw inputError(file.name() + ": tensor " + inQuotes(entry.name) + " holds " + std::to_string(values[i])
                + " at index " + std::to_string(i) + ", outside 0 to 2^31.");
    return values;
}

namespace {

/// Any number but 0 is a token.
void acceptMask(CacheInfo& info, const ByteSource& file, const StoredTensor& entry)
{
    const Bytes raw = readElements(file, entry);
    const std::size_t size = dtypeSize(entry.dtype), seq = static_cast<std::size_t>(info.seq());
    info.visible.assign(raw.size() / size, 0);
    for (std::size_t i = 0; i < raw.size(); ++i)
        if (raw[i] != std::byte(0))
            info.visible[i / size] = 1;
    for (std::size_t b = 0; b * seq < info.visible.size(); ++b) {
        const auto first = info.visible.begin() + std::ptrdiff_t(b * seq);
        if (std::find(first, first + std::ptrdiff_t(seq), 1) == first + std::ptrdiff_t(seq))
            throw inputError(file.name() + ": tensor " + inQuotes(entry.name) + " hides every token of sequence "
                + std::to_string(b) + "; leave that sequence out of the dump.");
    }
    dropFullMask(info);
}

} // namespace

void acceptCompanions(DumpLayout& layout, const ByteSource& file, std::span<const StoredTensor> tensors, bool strict)
{
    CacheInfo& info = layout.info;
    info.fileBytes = file.size();
    const std::int64_t batch = info.batch(), seq = info.seq();
    const Companions companions(file.name(), tensors, strict, info);
    const std::vector<std::int64_t> tokens { batch, seq };

    const bool single = batch == 1;
    if (const auto* t = companions.find("input_ids", { tokens, { single ? seq : -1 } }, isInteger, "i64"))
        info.tokenIds = readIntegers(layout.fileOf(*t, file), *t);
    if (const auto* t = companions.find("positions", { { seq }, { single ? 1 : -1, seq } }, isInteger, "i64"))
        info.positions = readIntegers(layout.fileOf(*t, file), *t);
    if (const auto* t = companions.find("importance", { tokens }, isCacheDtype, "f32"))
        layout.importance = *t;
    if (const auto* t = companions.find("attention_mask", { tokens, { single ? seq : -1 } }, isFlag, "u8"))
        acceptMask(info, layout.fileOf(*t, file), *t);
    info.hasImportance = layout.importance.has_value();

    if (!info.hasQueries())
        return;
    const std::int64_t queries = info.layers.front().queryCount;
    const auto* t = companions.find("query_positions", { { queries } }, isInteger, "i64");
    if (!t)
        throw inputError(file.name()
            + ": it stores queries but no tensor 'query_positions' that says at which tokens; "
              "write it as i64 "
            + shapeText(std::vector { queries }) + ".");
    info.queryPositions = readIntegers(layout.fileOf(*t, file), *t);
}

} // namespace pikv
