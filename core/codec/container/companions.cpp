// SPDX-License-Identifier: GPL-3.0-or-later
// What a dump tells beside its tensors, as sections of the whole cache.
#include "core/codec/container/companions.h"
#include "core/base/error.h"
#include "core/cache/crossattention.h"
#include "core/codec/container/tokenpacking.h"
#include <nlohmann/json.hpp>
#include <zstd.h>

namespace pikv {
namespace {

constexpr const char *idsName = "tokens", *textName = "dump";
constexpr int level = 3; ///< every evaluation does it
constexpr unsigned long long mostBytes = 64ULL << 20; ///< of the JSON: a few bytes can claim all of them

Bytes compressed(const std::string& text)
{
    Bytes bytes(ZSTD_compressBound(text.size()));
    const std::size_t size = ZSTD_compress(bytes.data(), bytes.size(), text.data(), text.size(), level);
    if (ZSTD_isError(size))
        throw Error(ErrorKind::Internal, std::string("zstd: ") + ZSTD_getErrorName(size));
    bytes.resize(size);
    return bytes;
}

std::string decompressed(ByteSpan bytes)
{
    const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > mostBytes)
        throw inputError("the section 'dump' is not the compressed text that it should be");
    std::string text(static_cast<std::size_t>(size), ' ');
    const std::size_t got = ZSTD_decompress(text.data(), text.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(got) || got != text.size())
        throw inputError("the section 'dump' is damaged");
    return text;
}

} // namespace

void addCompanions(const CacheInfo& info, SectionSet& global)
{
    if (!info.tokenIds.empty() && !global.has(idsName))
        global.add(idsName, packTokens(info.tokenIds));
    nlohmann::json json = nlohmann::json::object();
    if (!info.text.empty())
        json["text"] = info.text;
    if (!info.config.empty())
        json["config"] = info.config;
    if (isCross(info))
        json[crossAttentionKey] = crossAttentionValue;
    if (!json.empty())
        global.add(textName, compressed(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
}

void readCompanions(const SectionSet& global, CacheInfo& info)
{
    if (global.has(idsName))
        info.tokenIds = unpackTokens(global.get(idsName), info.batch() * info.seq());
    if (!global.has(textName))
        return;
    const nlohmann::json json = nlohmann::json::parse(decompressed(global.get(textName)), nullptr, false);
    try {
        info.text = json.value("text", info.text);
        info.config = json.value("config", info.config);
        if (json.value(crossAttentionKey, std::string()) == crossAttentionValue)
            info.metadata[crossAttentionKey] = crossAttentionValue;
    } catch (const nlohmann::json::exception&) {
        throw inputError("the section 'dump' holds other things than it should");
    }
}

} // namespace pikv
