// SPDX-License-Identifier: GPL-3.0-or-later
// The safetensors header: length word, JSON, and the checks that offsets cover the file without gaps.
#include "core/formats/safetensors.h"
#include "core/base/text.h"
#include "core/formats/safetensorsjson.h"
#include <algorithm>
#include <array>
#include <bit>

namespace pikv {

static_assert(std::endian::native == std::endian::little, "dumps are little endian and are read without swapping");

namespace {
constexpr const char* rewrite = "; write the file again with safetensors' save_file";
constexpr const char* fetchAgain = "; the file is damaged or cut short: copy it again";

std::uint64_t dataBytes(const TensorEntry& tensor, const std::string& file)
{
    std::uint64_t bytes = dtypeSize(tensor.dtype);
    for (std::int64_t n : tensor.shape)
        if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(n), &bytes))
            throw inputError(file + ": tensor " + inQuotes(tensor.name) + " has shape " + shapeText(tensor.shape)
                + ", whose size overflows 64 bits" + rewrite + ".");
    return bytes;
}

/// Begin of the first tensor is 0, each begins where the one before it ends, and the last one ends the file.
void checkOffsets(const std::vector<TensorEntry>& tensors, std::uint64_t dataSize, const std::string& file)
{
    std::uint64_t end = 0;
    for (const TensorEntry& t : tensors) {
        if (t.begin != end)
            throw inputError(file + ": tensor " + inQuotes(t.name) + " begins at data offset " + std::to_string(t.begin)
                + " where " + std::to_string(end) + " was expected ("
                + (t.begin < end ? "it overlaps the tensor before it)" : "a gap is not allowed)") + rewrite + ".");
        const std::uint64_t expected = dataBytes(t, file);
        if (t.bytes != expected)
            throw inputError(file + ": tensor " + inQuotes(t.name) + " of shape " + shapeText(t.shape) + " "
                + std::string(dtypeName(t.dtype)) + " needs " + std::to_string(expected)
                + " bytes but its data_offsets span " + std::to_string(t.bytes) + rewrite + ".");
        end = t.begin + t.bytes;
        if (end > dataSize)
            throw inputError(file + ": tensor " + inQuotes(t.name) + " ends at data offset " + std::to_string(end)
                + " but the file holds only " + byteText(dataSize) + " of data" + fetchAgain + ".");
    }
    if (end != dataSize)
        throw inputError(file + ": the tensors end at data offset " + std::to_string(end) + " but the file holds "
            + std::to_string(dataSize) + " bytes of data" + rewrite + ".");
}
}

std::int64_t TensorEntry::elements() const { return static_cast<std::int64_t>(bytes / dtypeSize(dtype)); }

const TensorEntry* SafetensorsHeader::find(std::string_view name) const
{
    const auto at = std::find_if(tensors.begin(), tensors.end(), [&](const TensorEntry& t) { return t.name == name; });
    return at == tensors.end() ? nullptr : &*at;
}

SafetensorsHeader parseSafetensorsHeader(std::string_view json, std::uint64_t fileSize, const std::string& file)
{
    SafetensorsHeader header = parseSafetensorsJson(json, file);
    auto& tensors = header.tensors;
    // Zero-size tensors share their offset with the next one and go first.
    std::stable_sort(tensors.begin(), tensors.end(), [](const TensorEntry& a, const TensorEntry& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.bytes < b.bytes;
    });
    const std::uint64_t dataStart = 8 + json.size();
    checkOffsets(tensors, fileSize - dataStart, file);
    for (TensorEntry& t : tensors)
        t.begin += dataStart;
    return header;
}

SafetensorsHeader readSafetensors(const ByteSource& file)
{
    const std::uint64_t size = file.size();
    if (size < 8)
        throw inputError(file.name() + " holds " + countText(size, "byte")
            + "; a safetensors file begins with a header length of 8 bytes" + fetchAgain + ".");
    std::array<std::byte, 8> word;
    file.read(0, word);
    const auto length = loadLe<std::uint64_t>(word.data());
    if (length > safetensorsMaxHeader)
        throw inputError(file.name() + ": the first 8 bytes claim a header of " + std::to_string(length)
            + " bytes, above the limit of " + std::to_string(safetensorsMaxHeader)
            + "; this is no safetensors file, choose a KV-cache dump.");
    if (length > size - 8)
        throw inputError(file.name() + ": the header length claims " + std::to_string(length) + " bytes but only "
            + std::to_string(size - 8) + " follow" + fetchAgain + ".");
    std::string json(static_cast<std::size_t>(length), '\0');
    file.read(8, std::as_writable_bytes(std::span(json)));
    return parseSafetensorsHeader(json, size, file.name());
}

} // namespace pikv
