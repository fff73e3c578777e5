// SPDX-License-Identifier: GPL-3.0-or-later
// Dumps that were compressed as a whole by gzip or zstd. Readers ask for bytes at any offset, so such a file is
// unpacked once, from front to back, into a file without a name; opening does that (core/dumps).
#include "core/base/bytesink.h"
#include "core/base/text.h"
#include "core/formats/formatregistry.h"
#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <utility>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

namespace pikv {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t pieceBytes = 1 << 18; // unpacked within a few milliseconds
constexpr std::string_view damaged = "; the file is damaged or cut short: copy it again.";

/// Room for a piece, with whatever lies there: clearing it costs more than a small file takes to unpack.
class Piece {
public:
    explicit Piece(std::size_t bytes)
        : m_bytes(std::make_unique_for_overwrite<std::byte[]>(bytes))
        , m_size(bytes)
    {
    }
    std::byte* data() const { return m_bytes.get(); }
    std::size_t size() const { return m_size; }
    std::span<std::byte> first(std::size_t bytes) const { return std::span(m_bytes.get(), m_size).first(bytes); }

private:
    std::unique_ptr<std::byte[]> m_bytes;
    std::size_t m_size;
};

/// For what comes out: no larger than a file of that size is likely to fill.
Piece unpackedPiece(const ByteSource& file)
{
    constexpr std::uint64_t times = 8, least = 1 << 12;
    return Piece(std::clamp<std::uint64_t>(file.size(), least / times, pieceBytes / times) * times);
}

/// The packed bytes in order, a piece at a time; each piece is a chance to stop and to tell how far it is.
class PackedInput {
public:
    PackedInput(const ByteSource& file, const JobControl& job)
        : m_file(file)
        , m_job(job)
        , m_piece(std::min<std::uint64_t>(pieceBytes, file.size()))
    {
    }
    const ByteSource& file() const { return m_file; }
    bool ended() const { return m_position == m_file.size(); }
    /// Empty at the end.
    ByteSpan next()
    {
        const std::uint64_t count = std::min<std::uint64_t>(m_piece.size(), m_file.size() - m_position);
        const std::span<std::byte> piece = m_piece.first(count);
        m_file.read(m_position, piece);
        m_position += count;
        return piece;
    }
    /// Behind every piece: `unpacked` bytes have come out. What packs that well is nobody's cache.
    void checkpoint(std::uint64_t unpacked)
    {
        constexpr std::uint64_t mostTimes = 1000, alwaysFine = std::uint64_t { 256 } << 20;
        if (unpacked > alwaysFine && unpacked / mostTimes > m_file.size())
            throw inputError(m_file.name() + ": its " + byteText(m_file.size()) + " unpack to more than "
                + std::to_string(mostTimes) + " times as many, which no cache does; unpack it yourself if it is one.");
        m_job.checkpoint();
        const int percent = static_cast<int>(m_position / (m_file.size() / 100 + 1));
        if (std::exchange(m_told, percent) != percent)
            m_job.report({ "Unpacking, percent", percent, 100 });
    }
    [[noreturn]] void fail(std::string_view what) const
    {
        throw inputError(m_file.name() + ": " + std::string(what) + std::string(damaged));
    }

private:
    const ByteSource& m_file;
    const JobControl& m_job;
    Piece m_piece;
    std::uint64_t m_position = 0;
    int m_told = -1;
};

/// RFC 1952: members one after the other, each with its checksum; zeros may follow the last.
class GzipStream {
public:
    GzipStream()
    {
        constexpr int gzipOnly = 16 + MAX_WBITS;
        if (inflateInit2(&m_zlib, gzipOnly) != Z_OK)
            throw std::bad_alloc();
    }
    ~GzipStream() { inflateEnd(&m_zlib); }
    GzipStream(const GzipStream&) = delete;
    GzipStream& operator=(const GzipStream&) = delete;

    void unpack(PackedInput& in, ByteSink& out)
    {
        const Piece piece = unpackedPiece(in.file());
        bool inside = false, full = false; // of a member; the room was used up, so that more may come without input
        for (bool first = true; refill(in) || full; in.checkpoint(out.size())) {
            if (!inside) {
                for (; !first && m_zlib.avail_in > 0 && *m_zlib.next_in == 0; --m_zlib.avail_in)
                    ++m_zlib.next_in;
                full = false;
                if (m_zlib.avail_in == 0)
                    continue;
                inflateReset(&m_zlib);
                first = false;
            }
            m_zlib.next_out = reinterpret_cast<Bytef*>(piece.data());
            m_zlib.avail_out = static_cast<uInt>(piece.size());
            const int result = inflate(&m_zlib, Z_NO_FLUSH);
            if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
                in.fail("what gzip packed is damaged behind " + byteText(out.size()) + " of its content");
            full = m_zlib.avail_out == 0;
            inside = result != Z_STREAM_END;
            out.append(piece.first(piece.size() - m_zlib.avail_out));
        }
        if (inside)
            in.fail("what gzip packed has no end");
    }

private:
    /// False where nothing follows.
    bool refill(PackedInput& in)
    {
        if (m_zlib.avail_in == 0) {
            const ByteSpan next = in.next();
            m_zlib.next_in = reinterpret_cast<const Bytef*>(next.data());
            m_zlib.avail_in = static_cast<uInt>(next.size());
        }
        return m_zlib.avail_in > 0;
    }

    z_stream m_zlib {};
};

void unpackGzip(const ByteSource& file, ByteSink& out, const JobControl& job)
{
    PackedInput in(file, job);
    GzipStream().unpack(in, out);
}

/// RFC 8878: frames one after the other. Windows above 128 MiB, which the program zstd asks for by hand as well, are
/// refused by the library.
void unpackZstd(const ByteSource& file, ByteSink& out, const JobControl& job)
{
    const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(), ZSTD_freeDStream);
    if (!stream)
        throw std::bad_alloc();
    PackedInput in(file, job);
    const Piece piece = unpackedPiece(file);
    bool inside = false, first = true;
    while (!in.ended()) {
        const ByteSpan packed = in.next();
        if (std::exchange(first, false)) {
            const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
            if (size != ZSTD_CONTENTSIZE_UNKNOWN && size != ZSTD_CONTENTSIZE_ERROR)
                out.requireRoom(size);
        }
        ZSTD_inBuffer from { packed.data(), packed.size(), 0 };
        for (bool full = true; from.pos < from.size || (inside && full);) {
            ZSTD_outBuffer to { piece.data(), piece.size(), 0 };
            const std::size_t result = ZSTD_decompressStream(stream.get(), &to, &from);
            if (ZSTD_isError(result))
                in.fail("what zstd packed cannot be unpacked behind " + byteText(out.size()) + " of its content ("
                    + ZSTD_getErrorName(result) + ")");
            out.append(piece.first(to.pos));
            full = to.pos == to.size;
            inside = result != 0;
            in.checkpoint(out.size());
        }
    }
    if (inside)
        in.fail("what zstd packed has no end");
}

bool isGzip(const FormatProbe& probe) { return probe.head().starts_with("\x1F\x8B\x08"sv) && !probe.safetensors(); }

/// A frame, or one to be skipped, which parallel compressors put first.
bool isZstd(const FormatProbe& probe)
{
    const std::string_view head = probe.head();
    return (head.starts_with("\x28\xB5\x2F\xFD"sv)
               || (head.size() >= 4 && (head[0] & 0xF0) == 0x50 && head.substr(1, 3) == "\x2A\x4D\x18"sv))
        && !probe.safetensors();
}

bool isTar(const FormatProbe& probe)
{
    constexpr std::uint64_t magicAt = 257;
    std::array<std::byte, 5> magic;
    if (probe.file().size() < 512 || probe.safetensors())
        return false;
    probe.file().read(magicAt, magic);
    return std::string_view(reinterpret_cast<const char*>(magic.data()), magic.size()) == "ustar"sv;
}

constexpr const char* tellsPacked = "what the dump in it tells; it is unpacked into a temporary file (TMPDIR)";

const FormatRegistration gzip { { .id = "gzip",
    .label = "dump compressed by gzip",
    .patterns = { "*.gz" },
    .tells = tellsPacked,
    .rank = 0,
    .detect = isGzip,
    .unpack = unpackGzip } };
const FormatRegistration zstd { { .id = "zstd",
    .label = "dump compressed by zstd",
    .patterns = { "*.zst" },
    .tells = tellsPacked,
    .rank = 0,
    .detect = isZstd,
    .unpack = unpackZstd } };
const FormatRegistration tar { { .id = "tar",
    .label = "tar archive",
    .refusal = "is a tar archive; unpack it and open what is in it",
    .rank = 0,
    .detect = isTar } };

} // namespace
} // namespace pikv
