// SPDX-License-Identifier: GPL-3.0-or-later
// The header of NumPy's .npy, which is the text of a Python dict: read by its fixed grammar, never evaluated.
#include "core/formats/npyheader.h"
#include "core/base/text.h"
#include <algorithm>
#include <array>
#include <charconv>

namespace pikv {
namespace {

constexpr std::uint64_t maxHeader = 65536;
constexpr const char* saveNpy = "; write it again with numpy.save or numpy.savez";

class HeaderText {
public:
    HeaderText(std::string_view text, const std::string& what)
        : m_text(text)
        , m_what(what)
    {
    }
    void read();

    std::string descr;
    bool fortran = false;
    std::vector<std::int64_t> shape;

private:
    [[noreturn]] void fail(const std::string& problem) const
    {
        throw inputError(m_what + " has a header that " + problem + " at byte " + std::to_string(m_at) + " of "
            + inQuotes(m_text) + saveNpy + ".");
    }
    void skip()
    {
        while (m_at < m_text.size() && (m_text[m_at] == ' ' || m_text[m_at] == '\n'))
            ++m_at;
    }
    bool accept(std::string_view token)
    {
        skip();
        if (!m_text.substr(m_at).starts_with(token))
            return false;
        m_at += token.size();
        return true;
    }
    void expect(std::string_view token)
    {
        if (!accept(token))
            fail("lacks '" + std::string(token) + "'");
    }
    std::string quoted();
    void readShape();

    std::string_view m_text;
    const std::string& m_what;
    std::size_t m_at = 0;
};

std::string HeaderText::quoted()
{
    const char quote = accept("'") ? '\'' : '"';
    if (quote == '"')
        expect("\"");
    const std::size_t end = m_text.find(quote, m_at);
    if (end == std::string_view::npos)
        fail("has a text without an end");
    const std::string_view text = m_text.substr(m_at, end - m_at);
    if (text.find('\\') != std::string_view::npos)
        fail("has a text with a backslash");
    m_at = end + 1;
    return std::string(text);
}

void HeaderText::readShape()
{
    expect("(");
    while (!accept(")")) {
        skip();
        std::int64_t size = 0;
        const char* begin = m_text.data() + m_at;
        const auto [end, error] = std::from_chars(begin, m_text.data() + m_text.size(), size);
        if (error != std::errc() || size < 0 || size > maxDimension)
            fail("has no dimension of 0 to 2^31");
        if (shape.size() == maxTensorRank)
            fail("has more than " + std::to_string(maxTensorRank) + " dimensions");
        shape.push_back(size);
        m_at += static_cast<std::size_t>(end - begin);
        accept("L"); // a long of Python 2
        if (!accept(",")) {
            expect(")");
            return;
        }
    }
}

void HeaderText::read()
{
    bool hasDescr = false, hasOrder = false, hasShape = false;
    expect("{");
    while (!accept("}")) {
        const std::string key = quoted();
        expect(":");
        bool& seen = key == "descr" ? hasDescr : key == "fortran_order" ? hasOrder : hasShape;
        if (seen || (&seen == &hasShape && key != "shape"))
            fail("has a key " + inQuotes(key) + " that is unknown or there twice");
        seen = true;
        if (key == "descr") {
            if (accept("[")) { // records: their fields are not read
                descr = "[";
                return;
            }
            descr = quoted();
        } else if (key == "fortran_order" && !(fortran = accept("True")))
            expect("False");
        else if (key == "shape")
            readShape();
        if (!accept(",")) {
            expect("}");
            break;
        }
    }
    skip();
    if (m_at != m_text.size())
        fail("goes on behind its end");
    if (!hasDescr || !hasOrder || !hasShape)
        fail("lacks descr, fortran_order or shape");
}

struct Type {
    std::string_view code;
    DType dtype;
};
constexpr std::array types { Type { "f2", DType::F16 }, Type { "f4", DType::F32 }, Type { "f8", DType::F64 },
    Type { "i8", DType::I64 }, Type { "i4", DType::I32 }, Type { "i2", DType::I16 }, Type { "i1", DType::I8 },
    Type { "u8", DType::U64 }, Type { "u4", DType::U32 }, Type { "u2", DType::U16 }, Type { "u1", DType::U8 },
    Type { "b1", DType::Bool } };

/// Sets dtype or problem; returns bytes of an element, 0 where they are not known.
std::uint64_t readType(NpyArray& array, bool isBf16)
{
    std::string_view code = array.descr;
    const bool isBig = code.starts_with('>') && !code.ends_with('1');
    if (code.starts_with('<') || code.starts_with('|') || code.starts_with('=') || code.starts_with('>'))
        code.remove_prefix(1);
    const bool isBare = code == "V2" || code == "u2";
    if (isBig)
        array.problem = "has big-endian numbers (" + inQuotes(array.descr)
            + "); convert it with .astype(x.dtype.newbyteorder('<')) before saving";
    else if (code.starts_with('O') || array.descr == "[")
        array.problem = "holds Python objects or records, which are a pickle and may run code; save plain arrays of "
                        "numbers";
    else if (isBare && isBf16)
        array.tensor.dtype = DType::BF16;
    else if (code == "V2")
        array.problem = "has elements without a type (" + inQuotes(array.descr)
            + "), as NumPy writes bfloat16; end its name in '.bf16' where it is that, or convert it to float32 before "
              "saving";
    if (code.starts_with('U') && array.problem.empty()) {
        const auto [end, error] = std::from_chars(code.data() + 1, code.data() + code.size(), array.characters);
        if (error == std::errc() && end == code.data() + code.size() && array.characters >= 0
            && array.characters <= std::int64_t(maxStringBytes))
            return static_cast<std::uint64_t>(array.characters) * 4;
        array.characters = 0;
    }
    if (!array.problem.empty())
        return 0;
    if (isBare && isBf16)
        return 2;
    for (const Type& type : types)
        if (type.code == code) {
            array.tensor.dtype = type.dtype;
            return dtypeSize(type.dtype);
        }
    array.problem = "is of type " + inQuotes(array.descr)
        + ", which this version does not read; convert it to float32 "
          "before saving";
    return 0;
}

/// Where the length word ends, which has two bytes in version 1 and four later.
std::uint64_t prefixBytes(const ByteSource& file)
{
    std::array<std::byte, 1> major;
    file.read(6, major);
    return major[0] == std::byte(1) ? 10 : 12;
}

std::uint64_t headerBytes(const ByteSource& file)
{
    std::array<std::byte, 12> head {};
    const std::uint64_t prefix = prefixBytes(file);
    file.read(0, std::span(head).first(prefix));
    return prefix == 10 ? loadLe<std::uint16_t>(head.data() + 8) : loadLe<std::uint32_t>(head.data() + 8);
}

std::uint64_t headerEnd(const ByteSource& file) { return prefixBytes(file) + headerBytes(file); }

std::string headerText(const ByteSource& file, const std::string& what)
{
    constexpr std::uint64_t shortest = 12;
    std::array<std::byte, 8> magic {};
    if (file.size() >= shortest)
        file.read(0, magic);
    if (std::string_view(reinterpret_cast<const char*>(magic.data()), 6) != "\x93NUMPY")
        throw inputError(what + " does not begin as a NumPy array; the file is damaged or cut short: copy it again.");
    if (magic[6] < std::byte(1) || magic[6] > std::byte(3))
        throw inputError(what + " is in version " + std::to_string(std::to_integer<int>(magic[6]))
            + " of NumPy's format where 1 to 3 were expected" + saveNpy + ".");
    const std::uint64_t prefix = prefixBytes(file), length = headerBytes(file);
    if (length > maxHeader || length > file.size() - prefix)
        throw inputError(what + " claims a header of " + std::to_string(length) + " bytes; it has "
            + std::to_string(file.size() - prefix) + ", and at most " + std::to_string(maxHeader) + " are read"
            + saveNpy + ".");
    std::string text(length, '\0');
    file.read(prefix, std::as_writable_bytes(std::span(text)));
    return text;
}

} // namespace

NpyArray readNpy(const ByteSource& file, const std::string& what, bool isBf16)
{
    const std::string text = headerText(file, what);
    HeaderText header(text, what);
    header.read();
    NpyArray array;
    array.descr = header.descr;
    StoredTensor& tensor = array.tensor;
    tensor.shape = header.shape;
    tensor.begin = headerEnd(file);
    const std::uint64_t size = readType(array, isBf16), held = file.size() - tensor.begin;
    if (!array.problem.empty())
        return array;
    const bool isEmpty = std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end();
    bool overflows = false;
    tensor.bytes = isEmpty ? 0 : size;
    for (const std::int64_t n : tensor.shape)
        overflows = overflows || __builtin_mul_overflow(tensor.bytes, static_cast<std::uint64_t>(n), &tensor.bytes);
    if (overflows || tensor.bytes != held)
        throw inputError(what + " of shape " + shapeText(tensor.shape) + " and type " + inQuotes(array.descr)
            + " does not fit its " + std::to_string(held)
            + " bytes of numbers; the file is damaged or cut short: copy it again.");
    if (header.fortran && tensor.shape.size() > 1 && !isEmpty) {
        std::int64_t stride = 1;
        for (const std::int64_t n : tensor.shape) {
            tensor.strides.push_back(stride);
            stride *= n;
        }
    }
    return array;
}

std::string readNpyText(const ByteSource& file, const NpyArray& array, const std::string& what)
{
    if (array.characters == 0 || !array.tensor.shape.empty() || array.tensor.bytes > maxStringBytes)
        return {};
    Bytes raw(array.tensor.bytes);
    file.read(array.tensor.begin, raw);
    std::string text;
    for (std::size_t i = 0; i < raw.size(); i += 4) {
        const auto code = loadLe<std::uint32_t>(raw.data() + i);
        if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
            throw inputError(
                what + " holds a character " + std::to_string(code) + ", which is not Unicode" + saveNpy + ".");
        if (code == 0 && i + 4 == raw.size())
            break; // padding
        const auto tail = [&](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
        if (code < 0x80)
            text += static_cast<char>(code);
        else if (code < 0x800)
            text += { static_cast<char>(0xC0 | code >> 6), tail(0) };
        else if (code < 0x10000)
            text += { static_cast<char>(0xE0 | code >> 12), tail(6), tail(0) };
        else
            text += { static_cast<char>(0xF0 | code >> 18), tail(12), tail(6), tail(0) };
    }
    while (text.ends_with('\0'))
        text.pop_back();
    return text;
}

} // namespace pikv
