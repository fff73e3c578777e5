// SPDX-License-Identifier: GPL-3.0-or-later
// The header of a GGUF file (v2 and v3): preamble, metadata entries, tensor table.
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/formats/filecursor.h"
#include "core/formats/gguf.h"
#include <bit>
#include <limits>

namespace pikv {

/// Fills a GgufHeader from the bytes.
class GgufReader {
public:
    explicit GgufReader(const ByteSource& file)
        : m_in(file)
    {
        m_header.m_name = file.name();
    }

    GgufHeader read()
    {
        readPreamble();
        for (std::uint64_t i = 0; i < m_entries; ++i)
            readEntry();
        if (m_header.has("split.count") && m_header.integer("split.count") > 1)
            m_in.fail("one part of a split model; join the parts first (llama-gguf-split --merge)");
        for (std::uint64_t i = 0; i < m_tensorCount; ++i)
            readTensor();
        placeTensors();
        return std::move(m_header);
    }

private:
    void readPreamble();
    void readEntry();
    GgufValue readArray();
    std::int64_t readInteger(std::uint32_t type);
    void readTensor();
    void placeTensors();

    FileCursor m_in;
    std::uint64_t m_entries = 0, m_tensorCount = 0;
    GgufHeader m_header;
};

namespace {
constexpr std::uint32_t kF32 = 6, kBool = 7, kString = 8, kArray = 9, kF64 = 12;
constexpr std::uint64_t kMinEntry = 8 + 4 + 1, kMinTensor = 8 + 4 + 4 + 8;
constexpr std::uint64_t kMaxTensors = 1'000'000;
constexpr std::int64_t kMaxDimension = std::int64_t { 1 } << 31;
}

void GgufReader::readPreamble()
{
    const std::uint32_t magic = m_in.take<std::uint32_t>("the magic");
    if (magic != 0x46554747U)
        m_in.fail("no GGUF file: it does not begin with 'GGUF'");
    const std::uint32_t version = m_in.take<std::uint32_t>("the version");
    if (version == 0x02000000U || version == 0x03000000U)
        m_in.fail("a big-endian GGUF file; convert it to little endian (gguf-convert-endian)");
    if (version != 2 && version != 3)
        m_in.fail("GGUF version " + std::to_string(version) + "; versions 2 and 3 can be read");
    m_tensorCount = m_in.take<std::uint64_t>("the tensor count");
    m_entries = m_in.take<std::uint64_t>("the metadata count");
    if (m_tensorCount > kMaxTensors || m_tensorCount > m_in.left() / kMinTensor)
        m_in.fail("the tensor count " + std::to_string(m_tensorCount) + " is larger than the file can hold");
    if (m_entries > m_in.left() / kMinEntry)
        m_in.fail("the metadata count " + std::to_string(m_entries) + " is larger than the file can hold");
}

std::int64_t GgufReader::readInteger(std::uint32_t type)
{
    switch (type) {
    case 0:
        return m_in.take<std::uint8_t>("a value");
    case 1:
        return m_in.take<std::int8_t>("a value");
    case 2:
        return m_in.take<std::uint16_t>("a value");
    case 3:
        return m_in.take<std::int16_t>("a value");
    case 4:
        return m_in.take<std::uint32_t>("a value");
    case 5:
        return m_in.take<std::int32_t>("a value");
    case kBool:
        return m_in.take<std::uint8_t>("a value") != 0;
    case 11:
        return m_in.take<std::int64_t>("a value");
    case 10: {
        const auto value = m_in.take<std::uint64_t>("a value");
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            m_in.fail("an unsigned value beyond 2^63");
        return static_cast<std::int64_t>(value);
    }
    default:
        m_in.fail("unknown metadata type " + std::to_string(type));
    }
}

GgufValue GgufReader::readArray()
{
    const auto type = m_in.take<std::uint32_t>("an array's type");
    const auto count = m_in.take<std::uint64_t>("an array's length");
    if (type == kArray)
        m_in.fail("an array of arrays");
    if (type > kF64)
        m_in.fail("unknown metadata type " + std::to_string(type));
    const std::uint64_t smallest = type == kString || type >= 10 ? 8
        : type <= 1 || type == kBool                             ? 1
        : type <= 3                                              ? 2
                                                                 : 4;
    if (count > m_in.left() / smallest)
        m_in.fail("an array of " + std::to_string(count) + " elements is longer than the file");
    const auto fill = [&](auto list, auto next) {
        list.reserve(count);
        for (std::uint64_t i = 0; i < count; ++i)
            list.push_back(next());
        return GgufValue { std::move(list) };
    };
    if (type == kString)
        return fill(std::vector<std::string> {}, [&] { return m_in.string("an array's string"); });
    if (type == kF32)
        return fill(std::vector<double> {}, [&] { return double { m_in.take<float>("an array's element") }; });
    if (type == kF64)
        return fill(std::vector<double> {}, [&] { return m_in.take<double>("an array's element"); });
    return fill(std::vector<std::int64_t> {}, [&] { return readInteger(type); });
}

void GgufReader::readEntry()
{
    std::string key = m_in.string("a metadata key");
    const auto type = m_in.take<std::uint32_t>("a metadata type");
    if (m_header.has(key))
        m_in.fail("the metadata key " + inQuotes(key) + " stands twice");
    GgufValue value;
    switch (type) {
    case kString:
        value = m_in.string("a metadata value");
        break;
    case kArray:
        value = readArray();
        break;
    case kF32:
        value = double { m_in.take<float>("a metadata value") };
        break;
    case kF64:
        value = m_in.take<double>("a metadata value");
        break;
    default:
        value = readInteger(type);
    }
    m_header.m_metadata.emplace(std::move(key), std::move(value));
}

void GgufReader::readTensor()
{
    GgufTensor tensor;
    tensor.name = m_in.string("a tensor's name");
    const std::string quoted = "tensor " + inQuotes(tensor.name);
    if (tensor.name.empty() || tensor.name.size() >= 64)
        m_in.fail("a tensor's name has " + std::to_string(tensor.name.size()) + " bytes; 1 to 63 are allowed");
    const auto rank = m_in.take<std::uint32_t>("a tensor's rank");
    if (rank > 4)
        m_in.fail(quoted + " has rank " + std::to_string(rank) + "; at most 4 is allowed");
    std::uint64_t elements = 1;
    for (std::uint32_t i = 0; i < rank; ++i) {
        const auto n = m_in.take<std::int64_t>("a tensor's shape");
        if (n < 1 || n > kMaxDimension || elements > (std::uint64_t { 1 } << 62) / static_cast<std::uint64_t>(n))
            m_in.fail(quoted + " has a dimension of " + std::to_string(n));
        elements *= static_cast<std::uint64_t>(n);
        tensor.shape.insert(tensor.shape.begin(), n);
    }
    const auto number = m_in.take<std::uint32_t>("a tensor's type");
    const auto info = ggmlTypeInfo(number);
    if (!info)
        m_in.fail(quoted + " has type number " + std::to_string(number)
            + ", which cannot be read; F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K and Q6_K can");
    if (tensor.shape.empty() || tensor.shape.back() % info->blockElements != 0)
        m_in.fail(quoted + " has rows that are no whole number of " + std::string(info->name) + " blocks");
    tensor.type = info->type;
    const std::uint64_t blocks = elements / static_cast<std::uint64_t>(info->blockElements);
    if (blocks > m_in.fileBytes() / static_cast<std::uint64_t>(info->blockBytes))
        m_in.fail(quoted + " is larger than the file");
    tensor.bytes = blocks * static_cast<std::uint64_t>(info->blockBytes);
    tensor.offset = m_in.take<std::uint64_t>("a tensor's offset");
    if (!m_header.m_byName.emplace(tensor.name, m_header.m_tensors.size()).second)
        m_in.fail(quoted + " stands twice");
    m_header.m_tensors.push_back(std::move(tensor));
}

void GgufReader::placeTensors()
{
    const std::int64_t alignment = m_header.has("general.alignment") ? m_header.integer("general.alignment") : 32;
    if (alignment < 1 || alignment > kMaxDimension || !std::has_single_bit(static_cast<std::uint64_t>(alignment)))
        m_in.fail("general.alignment is " + std::to_string(alignment) + ", no power of two");
    const auto padded = [step = static_cast<std::uint64_t>(alignment)](
                            std::uint64_t bytes) { return (bytes + step - 1) / step * step; };
    const std::uint64_t data = padded(m_in.position());
    std::uint64_t expected = 0; // stays below the file's size, so no sum overflows
    for (GgufTensor& tensor : m_header.m_tensors) {
        if (tensor.offset != expected)
            m_in.fail("tensor " + inQuotes(tensor.name) + " stands at data offset " + std::to_string(tensor.offset)
                + " where " + std::to_string(expected) + " was expected");
        if (data + expected + tensor.bytes > m_in.fileBytes())
            m_in.fail("tensor " + inQuotes(tensor.name) + " ends at byte "
                + std::to_string(data + expected + tensor.bytes) + " of a file of " + std::to_string(m_in.fileBytes())
                + ": the file is incomplete");
        expected += padded(tensor.bytes);
        tensor.offset += data;
    }
}

GgufHeader readGguf(const ByteSource& file) { return GgufReader(file).read(); }

} // namespace pikv
