// SPDX-License-Identifier: GPL-3.0-or-later
// Deflated members of zip archives as bytes at any offset, without holding them: keys and values of a layer are read
// from front to back, so a stream that remembers where it is inflates everything once.
#include "core/base/text.h"
#include "core/formats/ziparchive.h"
#include <algorithm>
#include <array>
#include <limits>
#include <mutex>
#include <new>
#define ZLIB_CONST
#include <zlib.h>

namespace pikv {
namespace {

/// One pass of zlib over a member.
class Stream {
public:
    Stream(const ByteSource& file, const ZipMember& member)
        : m_file(file)
        , m_member(member)
    {
        if (inflateInit2(&m_zlib, -MAX_WBITS) != Z_OK)
            throw std::bad_alloc();
    }
    ~Stream() { inflateEnd(&m_zlib); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    std::uint64_t position() const { return m_position; }

    /// The next bytes of the content; `out` ends inside it.
    void take(std::span<std::byte> out)
    {
        while (!out.empty()) {
            const std::size_t part = std::min<std::size_t>(out.size(), std::numeric_limits<uInt>::max());
            m_zlib.next_out = reinterpret_cast<Bytef*>(out.data());
            m_zlib.avail_out = static_cast<uInt>(part);
            while (m_zlib.avail_out > 0)
                step();
            m_position += part;
            out = out.subspan(part);
        }
    }
    void skip(std::uint64_t count)
    {
        std::array<std::byte, 16384> scrap;
        for (; count > 0; count -= std::min<std::uint64_t>(count, scrap.size()))
            take(std::span(scrap).first(std::min<std::uint64_t>(count, scrap.size())));
    }
    /// Throws where something follows.
    void finish()
    {
        Bytef beyond = 0;
        m_zlib.next_out = &beyond;
        m_zlib.avail_out = 1;
        while (!m_ended && m_zlib.avail_out > 0)
            step();
        if (m_zlib.avail_out == 0)
            fail("holds more than its " + std::to_string(m_member.size) + " bytes");
    }

private:
    /// Inflates until the input or the room, which is not 0, is used up.
    void step()
    {
        if (m_zlib.avail_in == 0)
            refill();
        const int result = m_ended ? Z_BUF_ERROR : inflate(&m_zlib, Z_NO_FLUSH);
        if (result == Z_BUF_ERROR) // nothing is left that could fill the room
            fail("ends before its " + std::to_string(m_member.size) + " bytes");
        if (result != Z_OK && result != Z_STREAM_END)
            fail("is damaged");
        m_ended = result == Z_STREAM_END;
    }
    void refill()
    {
        const std::uint64_t count = std::min<std::uint64_t>(m_input.size(), m_member.packed - m_read);
        m_file.read(m_member.begin + m_read, std::span(m_input).first(count));
        m_read += count;
        m_zlib.next_in = reinterpret_cast<const Bytef*>(m_input.data());
        m_zlib.avail_in = static_cast<uInt>(count);
    }
    [[noreturn]] void fail(const std::string& what) const
    {
        throw inputError(m_file.name() + ": the compressed member " + inQuotes(m_member.name) + " " + what
            + "; the file is damaged: copy it again.");
    }

    const ByteSource& m_file;
    const ZipMember& m_member;
    z_stream m_zlib {};
    std::array<std::byte, 65536> m_input;
    std::uint64_t m_read = 0, m_position = 0;
    bool m_ended = false;
};

class InflatingSource final : public ByteSource {
public:
    InflatingSource(const ByteSource& file, const ZipMember& member)
        : m_file(file)
        , m_member(member)
    {
    }
    std::uint64_t size() const override { return m_member.size; }
    const std::string& name() const override { return m_file.name(); }
    void read(std::uint64_t offset, std::span<std::byte> out) const override
    {
        if (offset > size() || out.size() > size() - offset)
            throw inputError(name() + ": a read leaves the " + std::to_string(size()) + " bytes of member "
                + inQuotes(m_member.name));
        if (out.empty())
            return;
        const std::scoped_lock lock(m_mutex);
        // Not kept after an error, nor at the end: a dump has thousands of members.
        std::unique_ptr<Stream> stream = std::move(m_stream);
        if (!stream || stream->position() > offset)
            stream = std::make_unique<Stream>(m_file, m_member);
        stream->skip(offset - stream->position());
        stream->take(out);
        if (stream->position() == size())
            stream->finish();
        else
            m_stream = std::move(stream);
    }

private:
    const ByteSource& m_file;
    const ZipMember m_member;
    mutable std::mutex m_mutex;
    mutable std::unique_ptr<Stream> m_stream;
};

} // namespace

std::unique_ptr<const ByteSource> inflating(const ByteSource& file, const ZipMember& member)
{
    return std::make_unique<InflatingSource>(file, member);
}

} // namespace pikv
