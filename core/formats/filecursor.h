// SPDX-License-Identifier: GPL-3.0-or-later
// Reading the header of a file without holding it (GGUF, llama.cpp's states): a window moves over the bytes, and every
// length is checked first.
#pragma once
#include "core/base/bytesource.h"
#include "core/base/error.h"
#include <algorithm>
#include <string>

namespace pikv {

/// Walks through the headers of a file, a window at a time; what does not fit ends in an Error{Input} with the offset.
class FileCursor {
public:
    explicit FileCursor(const ByteSource& file)
        : m_file(file)
    {
    }
    std::uint64_t position() const { return m_start + m_used; }
    std::uint64_t left() const { return m_file.size() - position(); }
    std::uint64_t fileBytes() const { return m_file.size(); }

    template <typename T>
    T take(const char* what)
    {
        return loadLe<T>(next(sizeof(T), what));
    }
    /// Passes over data without reading them.
    void skip(std::uint64_t bytes, const char* what)
    {
        if (bytes > left())
            fail(std::string("the file ends inside ") + what);
        const std::uint64_t to = position() + bytes;
        if (bytes <= m_window.size() - m_used) {
            m_used += bytes;
            return;
        }
        m_window.clear();
        m_start = to;
        m_used = 0;
        m_step = kFirstWindow;
    }
    /// Bytes after a length of `Length`.
    template <typename Length = std::uint64_t>
    std::string string(const char* what)
    {
        const auto length = take<Length>(what);
        if (length > kMaxString)
            fail(std::string(what) + " has " + std::to_string(length) + " bytes; at most 16 MiB are allowed");
        return { reinterpret_cast<const char*>(next(length, what)), length };
    }
    [[noreturn]] void fail(const std::string& what) const
    {
        throw inputError(m_file.name() + ": " + what + " (at byte " + std::to_string(position()) + ")");
    }

private:
    static constexpr std::uint64_t kMaxString = std::uint64_t { 16 } << 20;
    static constexpr std::uint64_t kFirstWindow = 1024, kWindow = std::uint64_t { 1 } << 18;

    const std::byte* next(std::uint64_t bytes, const char* what)
    {
        if (bytes > left())
            fail(std::string("the file ends inside ") + what);
        if (m_used + bytes > m_window.size()) {
            m_start += m_used;
            m_used = 0;
            m_window.resize(std::min(std::max(bytes, m_step), left()));
            m_step = std::min(4 * m_step, kWindow);
            m_file.read(m_start, m_window);
        }
        const std::byte* at = m_window.data() + m_used;
        m_used += bytes;
        return at;
    }

    const ByteSource& m_file;
    Bytes m_window;
    std::uint64_t m_start = 0, m_used = 0; ///< offset of the window; bytes of it that were taken
    std::uint64_t m_step = kFirstWindow; ///< of the next window: small behind a gap, where little may be read
};

} // namespace pikv
