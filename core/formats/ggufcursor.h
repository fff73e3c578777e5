// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include "core/base/error.h"
#include <string>
#include <utility>

namespace pikv {

/// Walks through the header of a GGUF file; what does not fit ends in an Error{Input} with the offset.
class GgufCursor {
public:
    GgufCursor(ByteSpan bytes, std::string name)
        : m_bytes(bytes)
        , m_name(std::move(name))
    {
    }
    std::uint64_t position() const { return m_position; }
    std::uint64_t left() const { return m_bytes.size() - m_position; }

    template <typename T>
    T take(const char* what)
    {
        need(sizeof(T), what);
        const T value = loadLe<T>(m_bytes.data() + m_position);
        m_position += sizeof(T);
        return value;
    }
    std::string string(const char* what)
    {
        const auto length = take<std::uint64_t>(what);
        if (length > kMaxString)
            fail(std::string(what) + " has " + std::to_string(length) + " bytes; at most 16 MiB are allowed");
        need(length, what);
        const auto* at = reinterpret_cast<const char*>(m_bytes.data() + m_position);
        m_position += length;
        return { at, length };
    }
    [[noreturn]] void fail(const std::string& what) const
    {
        throw inputError(m_name + ": " + what + " (at byte " + std::to_string(m_position) + ")");
    }

private:
    static constexpr std::uint64_t kMaxString = std::uint64_t { 16 } << 20;
    void need(std::uint64_t bytes, const char* what) const
    {
        if (bytes > left())
            fail(std::string("the file ends inside ") + what);
    }
    ByteSpan m_bytes;
    std::string m_name;
    std::uint64_t m_position = 0;
};

} // namespace pikv
