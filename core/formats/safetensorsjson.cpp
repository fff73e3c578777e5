// SPDX-License-Identifier: GPL-3.0-or-later
// A SAX reader: it sees duplicate keys, which a document tree hides, and refuses nesting as it appears, so that no
// input can make it allocate more than its own size.
#include "core/formats/safetensorsjson.h"
#include "core/base/text.h"
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_set>

namespace pikv {
namespace {

class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit HeaderReader(const std::string& file)
        : m_file(file)
    {
    }
    SafetensorsHeader take() { return std::move(m_header); }

    bool null() override
    {
        // MLX writes null where it has no metadata.
        if (m_state != State::MetadataStart)
            unexpected("null");
        m_state = State::Root;
        return true;
    }
    bool boolean(bool) override { unexpected("true or false"); }
    bool number_integer(number_integer_t value) override { unexpected("the number " + std::to_string(value)); }
    bool number_float(number_float_t, const string_t& text) override { unexpected("the number " + inQuotes(text)); }
    bool binary(binary_t&) override { unexpected("binary data"); }
    bool number_unsigned(number_unsigned_t value) override
    {
        if (m_state == State::Shape)
            addDimension(value);
        else if (m_state == State::Offsets && m_offsets.size() < 2)
            m_offsets.push_back(value);
        else
            unexpected("the number " + std::to_string(value));
        return true;
    }
    bool string(string_t& text) override;
    bool key(string_t& text) override;
    bool start_object(std::size_t) override;
    bool end_object() override;
    bool start_array(std::size_t) override;
    bool end_array() override;
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override
    {
        const std::string_view what = error.what();
        const auto colon = what.find("parse error");
        fail("the header is not valid JSON near byte " + std::to_string(8 + position) + ": "
            + inQuotes(colon == std::string_view::npos ? what : what.substr(colon)));
    }

private:
    enum class State {
        Start,
        Root,
        MetadataStart,
        Metadata,
        MetadataValue,
        TensorStart,
        Tensor,
        Dtype,
        ShapeStart,
        Shape,
        OffsetsStart,
        Offsets,
        Done
    };

    [[noreturn]] void fail(const std::string& what) const
    {
        throw inputError(m_file + ": " + what + "; write the file again with safetensors' save_file.");
    }
    std::string place() const
    {
        switch (m_state) {
        case State::Start:
        case State::Done:
            return "the header";
        case State::Root:
            return "the header's object";
        case State::MetadataStart:
        case State::Metadata:
            return "__metadata__";
        case State::MetadataValue:
            return "__metadata__ " + inQuotes(m_key);
        case State::TensorStart:
        case State::Tensor:
            return "tensor " + inQuotes(m_tensor.name);
        case State::Dtype:
            return "the dtype of tensor " + inQuotes(m_tensor.name);
        case State::ShapeStart:
        case State::Shape:
            return "the shape of tensor " + inQuotes(m_tensor.name);
        case State::OffsetsStart:
        case State::Offsets:
            return "the data_offsets of tensor " + inQuotes(m_tensor.name);
        }
        return {};
    }
    std::string_view wanted() const
    {
        switch (m_state) {
        case State::Start:
        case State::Root:
        case State::TensorStart:
        case State::Tensor:
            return "an object";
        case State::MetadataStart:
        case State::Metadata:
            return "an object of strings or null";
        case State::MetadataValue:
        case State::Dtype:
            return "a string";
        case State::ShapeStart:
        case State::Shape:
            return "an array of integers from 0";
        case State::OffsetsStart:
        case State::Offsets:
            return "two integers from 0";
        case State::Done:
            return "nothing more";
        }
        return {};
    }
    [[noreturn]] void unexpected(const std::string& found) const
    {
        fail(place() + ": " + std::string(wanted()) + " was expected, found " + found);
    }
    void addDimension(std::uint64_t value);
    void startTensor(const std::string& name);
    void finishTensor();

    const std::string& m_file;
    SafetensorsHeader m_header;
    State m_state = State::Start;
    std::string m_key;
    TensorEntry m_tensor;
    std::vector<std::uint64_t> m_offsets;
    std::set<std::string> m_fields;
    std::unordered_set<std::string> m_names;
    bool m_metadataSeen = false;
};

bool HeaderReader::string(string_t& text)
{
    if (m_state == State::MetadataValue) {
        if (text.size() > maxStringBytes)
            fail(place() + " is longer than 16 MiB");
        m_header.metadata[m_key] = std::move(text);
        m_state = State::Metadata;
    } else if (m_state == State::Dtype) {
        const auto dtype = dtypeFromSafetensors(text);
        if (!dtype)
            fail(place() + " is " + inQuotes(text)
                + ", which is unknown (known: F32, F16, BF16, F64, F8_E4M3, F8_E5M2, "
                  "I8 to I64, U8 to U64, BOOL)");
        m_tensor.dtype = *dtype;
        m_state = State::Tensor;
    } else {
        unexpected("the string " + inQuotes(text));
    }
    return true;
}

bool HeaderReader::key(string_t& text)
{
    if (m_state == State::Root && text == "__metadata__") {
        if (std::exchange(m_metadataSeen, true))
            fail("the header has __metadata__ twice");
        m_state = State::MetadataStart;
    } else if (m_state == State::Root) {
        startTensor(text);
    } else if (m_state == State::Metadata) {
        if (m_header.metadata.size() == maxTensorCount)
            fail("__metadata__ has more than " + std::to_string(maxTensorCount) + " keys");
        if (m_header.metadata.contains(text))
            fail("__metadata__ has the key " + inQuotes(text) + " twice");
        m_key = text;
        m_state = State::MetadataValue;
    } else if (m_state == State::Tensor) {
        m_state = text == "dtype"    ? State::Dtype
            : text == "shape"        ? State::ShapeStart
            : text == "data_offsets" ? State::OffsetsStart
                                     : State::Tensor;
        if (m_state == State::Tensor)
            fail(place() + " has the unknown key " + inQuotes(text));
        if (!m_fields.insert(text).second)
            fail("tensor " + inQuotes(m_tensor.name) + " has the key " + inQuotes(text) + " twice");
    }
    return true;
}

bool HeaderReader::start_object(std::size_t)
{
    if (m_state == State::Start)
        m_state = State::Root;
    else if (m_state == State::MetadataStart)
        m_state = State::Metadata;
    else if (m_state == State::TensorStart)
        m_state = State::Tensor;
    else
        unexpected("an object");
    return true;
}

bool HeaderReader::end_object()
{
    if (m_state == State::Tensor)
        finishTensor();
    m_state = m_state == State::Root ? State::Done : State::Root;
    return true;
}

bool HeaderReader::start_array(std::size_t)
{
    if (m_state == State::ShapeStart)
        m_state = State::Shape;
    else if (m_state == State::OffsetsStart)
        m_state = State::Offsets;
    else
        unexpected("an array");
    return true;
}

bool HeaderReader::end_array()
{
    if (m_state == State::Offsets && m_offsets.size() != 2)
        unexpected(countText(m_offsets.size(), "number"));
    m_state = State::Tensor;
    return true;
}

void HeaderReader::startTensor(const std::string& name)
{
    if (name.empty())
        fail("the header has a tensor without a name");
    if (name.size() > maxStringBytes)
        fail("the header has a tensor name longer than 16 MiB");
    if (!m_names.insert(name).second)
        fail("the header has two tensors named " + inQuotes(name));
    if (m_header.tensors.size() == maxTensorCount)
        fail("the header has more than " + std::to_string(maxTensorCount) + " tensors");
    m_tensor = {};
    m_tensor.name = name;
    m_offsets.clear();
    m_fields.clear();
    m_state = State::TensorStart;
}

void HeaderReader::addDimension(std::uint64_t value)
{
    if (m_tensor.shape.size() == maxTensorRank)
        fail(place() + " has more than " + std::to_string(maxTensorRank) + " dimensions");
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        fail(place() + " has a dimension of " + std::to_string(value) + ", above the limit of 2^31");
    m_tensor.shape.push_back(static_cast<std::int64_t>(value));
}

void HeaderReader::finishTensor()
{
    for (const char* field : { "dtype", "shape", "data_offsets" })
        if (!m_fields.contains(field))
            fail(place() + " lacks its " + field);
    if (m_offsets[1] < m_offsets[0])
        fail(place() + " ends at data offset " + std::to_string(m_offsets[1]) + ", before its begin at "
            + std::to_string(m_offsets[0]));
    // Byte tensors may be longer: they hold packed data rather than elements.
    for (std::int64_t n : m_tensor.shape)
        if (n > maxDimension && m_tensor.dtype != DType::U8)
            fail("the shape of tensor " + inQuotes(m_tensor.name) + " has a dimension of " + std::to_string(n)
                + ", above the limit of 2^31");
    m_tensor.begin = m_offsets[0];
    m_tensor.bytes = m_offsets[1] - m_offsets[0];
    m_header.tensors.push_back(std::move(m_tensor));
}

} // namespace

SafetensorsHeader parseSafetensorsJson(std::string_view json, const std::string& file)
{
    const auto first = json.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || json[first] != '{')
        throw inputError(file + ": byte " + std::to_string(8 + std::min(first, json.size()))
            + " should open the header's JSON object with '{'; this is no safetensors file, choose a KV-cache dump.");
    // The JSON library takes a NUL as the end of its input.
    if (const auto nul = json.find('\0'); nul != std::string_view::npos)
        throw inputError(file + ": the header has a NUL at byte " + std::to_string(8 + nul)
            + "; write the file again with safetensors' save_file.");
    HeaderReader reader(file);
    nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
    return reader.take();
}

} // namespace pikv
