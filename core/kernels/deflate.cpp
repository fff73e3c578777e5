// SPDX-License-Identifier: GPL-3.0-or-later
// zlib in pieces that take a few milliseconds, so that a stop is heard.
#include "core/kernels/deflate.h"
#include "core/base/error.h"
#include <algorithm>
#include <new>
#define ZLIB_CONST
#include <zlib.h>

namespace pikv {
namespace {

constexpr std::size_t piece = 1 << 16;
constexpr std::size_t largestRatio = 1032; ///< of DEFLATE, 258 bytes from 2 bits

/// Gives back what zlib holds.
class Ended {
public:
    Ended(z_stream& stream, int (*end)(z_stream*))
        : m_stream(stream)
        , m_end(end)
    {
    }
    ~Ended() { m_end(&m_stream); }
    Ended(const Ended&) = delete;
    Ended& operator=(const Ended&) = delete;

private:
    z_stream& m_stream;
    int (*m_end)(z_stream*);
};

/// The next piece of `bytes` as zlib's input; whether it is the last one.
bool feed(z_stream& stream, ByteSpan& bytes)
{
    const std::size_t count = std::min(piece, bytes.size());
    stream.next_in = reinterpret_cast<const Bytef*>(bytes.data());
    stream.avail_in = static_cast<uInt>(count);
    bytes = bytes.subspan(count);
    return bytes.empty();
}

} // namespace

Bytes deflated(ByteSpan bytes, const JobControl& job)
{
    z_stream stream {};
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc();
    const Ended ended(stream, deflateEnd);
    Bytes out, room(piece);
    bool isLast = false;
    while (!isLast) {
        job.checkpoint();
        isLast = feed(stream, bytes);
        do {
            stream.next_out = reinterpret_cast<Bytef*>(room.data());
            stream.avail_out = static_cast<uInt>(room.size());
            deflate(&stream, isLast ? Z_FINISH : Z_NO_FLUSH);
            out.insert(out.end(), room.begin(), room.end() - stream.avail_out);
        } while (stream.avail_out == 0);
    }
    return out;
}

Bytes inflated(ByteSpan bytes, std::size_t size, const JobControl& job)
{
    const auto refuse
        = [&]() -> Error { return inputError("a deflated section is not one of " + std::to_string(size) + " bytes"); };
    if (size / largestRatio > bytes.size())
        throw refuse();
    z_stream stream {};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        throw std::bad_alloc();
    const Ended ended(stream, inflateEnd);
    Bytes out(size);
    std::size_t at = 0;
    int result = Z_OK;
    Bytef beyond = 0;
    while (result != Z_STREAM_END) {
        job.checkpoint();
        if (stream.avail_in == 0)
            feed(stream, bytes); // where nothing is left, inflate() may still have some to give
        const std::size_t room = std::min(piece, size - at);
        stream.next_out = room > 0 ? reinterpret_cast<Bytef*>(out.data() + at) : &beyond;
        stream.avail_out = room > 0 ? static_cast<uInt>(room) : 1;
        const uInt before = stream.avail_out;
        result = inflate(&stream, Z_NO_FLUSH);
        const uInt wrote = before - stream.avail_out;
        at += wrote;
        if ((result != Z_OK && result != Z_STREAM_END) || at > size)
            break;
    }
    if (result != Z_STREAM_END || at != size || stream.avail_in != 0 || !bytes.empty())
        throw refuse();
    return out;
}

} // namespace pikv
