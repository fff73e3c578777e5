// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/eval/nexttoken.h"

namespace pikv {
namespace {

void checkSplit(std::int64_t context, std::int64_t predict)
{
    if (context < 1)
        throw usageError("The context has " + std::to_string(context) + " tokens; it needs at least 1");
    if (predict < 1)
        throw usageError(
            "Predictions at " + std::to_string(predict) + " positions were asked for; at least 1 is needed");
}

} // namespace

NextTokenText splitText(
    const LanguageModel& model, std::string name, std::string_view text, std::int64_t context, std::int64_t predict)
{
    checkSplit(context, predict);
    const std::int64_t needed = context + predict + 1, room = modelInfo(model).context;
    if (needed > room)
        throw usageError("A context of " + std::to_string(context) + " and " + std::to_string(predict)
            + " predictions need " + std::to_string(needed) + " tokens; the context of " + modelInfo(model).name
            + " holds " + std::to_string(room));
    NextTokenText out { std::move(name), tokenize(model, text, static_cast<std::size_t>(needed)).ids, context,
        nullptr };
    if (text.empty())
        throw inputError(out.name + ": the text is empty");
    const auto have = static_cast<std::int64_t>(out.tokens.size());
    if (have < needed)
        throw inputError(out.name + ": the text has " + countText(static_cast<std::uint64_t>(have), "token")
            + "; a context of " + std::to_string(context) + " and " + std::to_string(predict) + " predictions need "
            + std::to_string(needed));
    return out;
}

NextTokenText splitDump(const LanguageModel& model, CachePtr dump, std::int64_t predict)
{
    const CacheInfo& info = cacheInfo(*dump);
    const std::string name = info.path.empty() ? "the dump" : info.path;
    if (info.tokenIds.empty())
        throw inputError(name + ": the dump has no token ids, so its next tokens cannot be scored");
    if (const std::string reason = modelMismatch(info, model); !reason.empty())
        throw inputError(name + ": the next-token test is refused: " + reason);
    const auto count = static_cast<std::int64_t>(info.tokenIds.size());
    checkSplit(1, predict);
    if (predict + 2 > count)
        throw usageError(name + ": " + std::to_string(predict) + " predictions need a dump of at least "
            + std::to_string(predict + 2) + " tokens; it has " + std::to_string(count));
    return { name, info.tokenIds, count - predict - 1, std::move(dump) };
}

} // namespace pikv
