// SPDX-License-Identifier: GPL-3.0-or-later
// Texts split as the next-token test will split their dumps, checked, captured, written.
#include "core/study/textdumps.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/dumps/dumps.h"
#include "core/eval/nexttoken.h"
#include "core/model/textfile.h"
#include "core/study/choices.h"
#include <algorithm>
#include <charconv>
#include <filesystem>

namespace pikv {
namespace {

namespace fs = std::filesystem;

/// One dump that is wanted.
struct Wanted {
    std::vector<std::int64_t> tokens;
    std::string path;
};

/// Throws Error{Resource} where a file is there that is not this dump.
bool isThere(const Wanted& wanted, const TextDumps& wish)
{
    std::error_code error;
    if (!fs::exists(wanted.path, error))
        return false;
    try {
        const CachePtr cache = openCache(wanted.path);
        const CacheInfo& info = cacheInfo(*cache);
        if (info.tokenIds == wanted.tokens && info.model == modelInfo(*wish.model).name
            && std::all_of(info.layers.begin(), info.layers.end(),
                [&](const LayerShape& layer) { return layer.keyDtype == wish.dtype; }))
            return true;
    } catch (const Error&) { // no dump at all
    }
    throw Error(ErrorKind::Resource,
        wanted.path + " is there already and is no dump of these tokens; it is left alone: choose another folder");
}

std::vector<Wanted> wantedOf(const TextDumps& wish)
{
    std::vector<Wanted> all;
    for (const std::string& file : wish.files) {
        const std::string text = readPrompt(file), stem = fs::path(file).stem().string();
        for (const std::int64_t context : wish.contexts) {
            const std::int64_t tokens = tokensOfContext(context, wish.positions);
            const NextTokenText split = splitText(*wish.model, file, text, context, tokens - context - 1);
            const std::string name = stem + "-" + std::to_string(context) + ".safetensors";
            all.push_back({ split.tokens, (fs::path(wish.folder) / name).string() });
            if (std::any_of(
                    all.begin(), all.end() - 1, [&](const Wanted& other) { return other.path == all.back().path; }))
                throw usageError("two texts are called " + inQuotes(stem) + "; their dumps would be one file");
        }
    }
    return all;
}

} // namespace

std::vector<std::int64_t> parseContexts(std::string_view text)
{
    std::vector<std::int64_t> contexts;
    for (const std::string& part : splitTopLevel(std::string(text), ',')) {
        std::int64_t context = 0;
        const char* end = part.data() + part.size();
        const auto [stop, error] = std::from_chars(part.data(), end, context);
        if (error != std::errc() || stop != end || context < 1)
            throw usageError(inQuotes(part) + " is no context length: give numbers of tokens with commas between");
        if (std::find(contexts.begin(), contexts.end(), context) == contexts.end())
            contexts.push_back(context);
    }
    if (contexts.empty())
        throw usageError("no context length was given");
    return contexts;
}

std::int64_t tokensOfContext(std::int64_t context, std::int64_t positions)
{
    if (positions > 0)
        return context + positions + 1;
    std::int64_t tokens = context + 2;
    while (tokens - 1 - defaultPositions(tokens) < context)
        ++tokens;
    return tokens;
}

std::vector<std::string> captureTexts(const TextDumps& wish, const JobControl& job)
{
    if (wish.files.empty() || wish.contexts.empty())
        throw usageError("choose a text and a context length");
    std::vector<Wanted> all = wantedOf(wish);
    std::error_code error;
    fs::create_directories(wish.folder, error);
    if (!fs::is_directory(wish.folder))
        throw Error(ErrorKind::Resource, "the folder " + wish.folder + " cannot be made: " + error.message());
    std::vector<std::string> paths;
    std::vector<bool> there;
    for (const Wanted& wanted : all)
        there.push_back(isThere(wanted, wish));
    for (std::size_t i = 0; i < all.size(); ++i) {
        job.report({ "Capturing " + fs::path(all[i].path).filename().string(), int(i) + 1, int(all.size()) });
        job.checkpoint();
        paths.push_back(all[i].path);
        if (there[i])
            continue;
        const JobControl quiet(job.stopToken(), {}); // the dumps are the progress
        const auto queries = std::min(wish.queries, std::int64_t(all[i].tokens.size()));
        const CachePtr cache = captureCache({ wish.model, std::move(all[i].tokens), queries, wish.dtype }, quiet);
        saveCache(*cache, all[i].path, quiet);
    }
    return paths;
}

} // namespace pikv
