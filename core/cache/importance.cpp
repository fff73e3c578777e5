// SPDX-License-Identifier: GPL-3.0-or-later
// The sources of token importance: their names, their text form, and what each one computes.
#include "core/cache/importance.h"
#include "core/base/counterrng.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cache/crossattention.h"
#include "core/cache/importancesource.h"
#include <charconv>

namespace pikv {
namespace {

using Source = ImportanceSpec::Source;

template <typename T>
T argument(std::string_view text, std::string_view name, const char* range)
{
    T value {};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        throw usageError("importance " + std::string(name) + ": " + inQuotes(text) + " is not a number " + range);
    return value;
}

std::string choices()
{
    std::string list;
    for (const auto& info : importanceSources())
        list += (list.empty() ? "" : ", ") + std::string(info.id);
    return list;
}

std::vector<float> toVector(const at::Tensor& tensor)
{
    const at::Tensor plain = tensor.to(at::kFloat).contiguous();
    const auto* data = plain.data_ptr<float>();
    return { data, data + plain.numel() };
}

/// The n-th of a sequence's tokens gets n / count; padding is none of them.
void fillRecency(const CacheInfo& info, std::vector<float>& values)
{
    const std::vector<std::int64_t> counts = tokenCounts(info);
    const auto seq = static_cast<std::size_t>(info.seq());
    for (std::size_t b = 0; b < counts.size(); ++b) {
        std::int64_t token = 0;
        for (std::size_t i = b * seq; i < (b + 1) * seq; ++i)
            if (!info.hasPadding() || info.visible[i])
                values[i] = static_cast<float>(++token) / static_cast<float>(counts[b]);
    }
}

std::vector<float> perToken(const CacheInfo& info, const ImportanceSpec& spec)
{
    const auto seq = static_cast<std::size_t>(info.seq());
    std::vector<float> values(static_cast<std::size_t>(info.batch()) * seq, static_cast<float>(spec.level));
    const CounterRng random(spec.seed);
    if (spec.source == Source::Random)
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = random.uniform(i);
    if (spec.source == Source::Recency)
        fillRecency(info, values);
    return values;
}

} // namespace

const std::vector<ImportanceSourceInfo>& importanceSources()
{
    static const std::vector<ImportanceSourceInfo> list {
        { Source::None, "none", "None", "Every token counts the same." },
        { Source::Stored, "stored", "Stored in the dump", "The importance that the dump carries." },
        { Source::Attention, "attention", "Attention mass",
            "How much attention the stored queries pay to a token; 0.5 is its fair share." },
        { Source::KeyNorm, "key_norm", "Key norm", "Tokens with short keys matter (Knorm): the share of longer keys." },
        { Source::Recency, "recency", "Recency", "Rises linearly from the first token to the last." },
        { Source::Uniform, "uniform", "Uniform level", "The same level for every token." },
        { Source::Random, "random", "Random", "Drawn uniformly from a seed: a baseline." },
    };
    return list;
}

ImportanceSpec parseImportance(std::string_view text)
{
    const auto colon = text.find(':');
    const std::string_view id = text.substr(0, colon);
    for (const auto& info : importanceSources()) {
        if (info.id != id)
            continue;
        ImportanceSpec spec { info.source };
        if (colon == std::string_view::npos)
            return spec;
        const std::string_view rest = text.substr(colon + 1);
        if (spec.source == Source::Random) {
            spec.seed = argument<std::uint64_t>(rest, id, "from 0");
        } else if (spec.source == Source::Uniform) {
            spec.level = argument<double>(rest, id, "from 0 to 1");
            if (!(spec.level >= 0 && spec.level <= 1))
                throw usageError("importance uniform: " + std::string(rest) + " is outside 0 to 1");
        } else {
            throw usageError("importance " + std::string(id) + " takes no argument, found " + inQuotes(rest));
        }
        return spec;
    }
    throw usageError("unknown importance " + inQuotes(text) + "; known are " + choices());
}

std::string printImportance(const ImportanceSpec& spec)
{
    for (const auto& info : importanceSources()) {
        if (info.source != spec.source)
            continue;
        char number[40] = "";
        if (spec.source == Source::Uniform)
            *std::to_chars(number, number + sizeof number - 1, spec.level).ptr = '\0';
        if (spec.source == Source::Random)
            *std::to_chars(number, number + sizeof number - 1, spec.seed).ptr = '\0';
        return std::string(info.id) + (*number ? ":" : "") + number;
    }
    return "none";
}

std::string importanceObstacle(const CacheInfo& info, ImportanceSpec::Source source)
{
    if (source == Source::Stored && !info.hasImportance)
        return "the dump stores no importance of its tokens";
    if (source == Source::Attention && !info.hasQueries())
        return "the dump stores no queries, from which the attention of its tokens would be computed; dump it with "
               "--queries";
    if (source == Source::Recency && isCross(info))
        return "the cache is of cross-attention: its rows are an encoder's tokens, all of which are as old to the "
               "decoder";
    return {};
}

std::vector<float> computeImportance(const KvCache& cache, const ImportanceSpec& spec, const JobControl& job)
{
    if (const std::string obstacle = importanceObstacle(cache.info(), spec.source); !obstacle.empty())
        throw usageError(obstacle + "; choose another source: " + choices());
    std::vector<float> values;
    switch (spec.source) {
    case Source::None:
        return {};
    case Source::Stored:
        values = toVector(cache.storedImportance());
        break;
    case Source::Attention:
        values = toVector(attentionImportance(cache, job));
        break;
    case Source::KeyNorm:
        values = toVector(keyNormImportance(cache, job));
        break;
    case Source::Recency:
    case Source::Uniform:
    case Source::Random:
        values = perToken(cache.info(), spec);
        break;
    }
    if (const std::vector<std::uint8_t>& visible = cache.info().visible; !visible.empty()) {
        for (std::size_t i = 0; i < values.size(); ++i)
            if (!visible[i])
                values[i] = 0;
    }
    return values;
}

} // namespace pikv
