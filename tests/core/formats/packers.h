// SPDX-License-Identifier: GPL-3.0-or-later
// What gzip and zstd make of bytes, for tests.
#pragma once
#include "core/base/bytes.h"
#include <QTest>
#include <zlib.h>
#include <zstd.h>

namespace pikvtest {

inline pikv::Bytes gzipped(const pikv::Bytes& bytes)
{
    z_stream zlib {};
    constexpr int asGzip = 16 + MAX_WBITS;
    if (deflateInit2(&zlib, Z_BEST_SPEED, Z_DEFLATED, asGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return {};
    pikv::Bytes packed(deflateBound(&zlib, bytes.size()));
    zlib.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
    zlib.avail_in = static_cast<uInt>(bytes.size());
    zlib.next_out = reinterpret_cast<Bytef*>(packed.data());
    zlib.avail_out = static_cast<uInt>(packed.size());
    deflate(&zlib, Z_FINISH);
    packed.resize(zlib.total_out);
    deflateEnd(&zlib);
    return packed;
}

/// With the size of its content and a checksum, as the program zstd writes it.
inline pikv::Bytes zstdPacked(const pikv::Bytes& bytes)
{
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    pikv::Bytes packed(ZSTD_compressBound(bytes.size()));
    const std::size_t size = ZSTD_compress2(context, packed.data(), packed.size(), bytes.data(), bytes.size());
    ZSTD_freeCCtx(context);
    packed.resize(ZSTD_isError(size) ? 0 : size);
    return packed;
}

inline pikv::Bytes joined(std::initializer_list<pikv::Bytes> parts)
{
    pikv::Bytes all;
    for (const pikv::Bytes& part : parts)
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

} // namespace pikvtest
