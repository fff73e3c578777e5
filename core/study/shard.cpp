// SPDX-License-Identifier: GPL-3.0-or-later
// Shards are told apart and held together by shard.json; their results.json are joined as text, so that no figure
// changes on the way.
#include "core/study/shard.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/eval/resultsio.h"
#include "core/study/sweepfolder.h"
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace pikv {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr std::int64_t mostShards = 10'000;

bool readNumber(std::string_view text, std::int64_t& number)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

Json readObject(const std::string& path)
{
    std::ifstream file(path);
    Json json = Json::parse(file, nullptr, false);
    if (!json.is_object())
        throw inputError(path + ": not there, or no JSON object; is this the folder of a shard (sweep --shard)?");
    return json;
}

std::string nameOf(const EvaluationResult& result) { return pointName({ result.method, result.importance }); }

/// The number of the share, of `count`, that measures the point of this name.
std::int64_t shardOf(const std::string& name, std::int64_t count)
{
    return std::int64_t(hashOf(asBytes(name.data(), name.size())) % std::uint64_t(count)) + 1;
}

/// One shard as it lies in its folder.
struct Part {
    std::string folder;
    ShardFacts facts;
    Json settings; ///< sweep.json
    Json dump; ///< of results.json
    std::map<std::string, std::pair<EvaluationResult, Json>> results; ///< by pointName()

    explicit Part(const std::string& path)
        : folder(path)
        , facts(readShardFacts(path))
        , settings(readObject(path + "/sweep.json"))
    {
        if (settings.value("shard", Json()) != Json(printShard(facts.shard))) // swept otherwise since
            throw inputError(path + "/sweep.json: not of the shard " + printShard(facts.shard)
                + " that shard.json tells of; run that one again, with --restart");
        const Json json = readObject(path + "/results.json");
        dump = json.value("dump", Json());
        std::vector<EvaluationResult> rows = resultsFromCsv(path + "/results.csv");
        const Json list = json.value("results", Json::array());
        if (list.size() != rows.size())
            throw inputError(path + ": results.csv and results.json tell of different results; run its shard again");
        for (std::size_t i = 0; i < rows.size(); ++i)
            results.emplace(nameOf(rows[i]), std::pair(rows[i], list[i]));
    }
    std::string quoted() const { return "the shard " + printShard(facts.shard) + " in " + inQuotes(folder); }
};

/// What shards of one sweep share; the dump may have another place and time on every machine.
Json sharedSettings(Json settings)
{
    for (const char* ofMachine : { "dump", "dump_bytes", "dump_modified_ns", "shard" })
        settings.erase(ofMachine);
    return settings;
}

void requireSame(const Part& first, const Part& other)
{
    const auto refuse
        = [&](const std::string& what) { throw usageError(other.quoted() + " " + what + " than " + first.quoted()); };
    if (other.facts.fingerprint != first.facts.fingerprint)
        refuse("is of another dump");
    if (other.facts.engine != first.facts.engine)
        refuse("was measured by another engine (" + other.facts.engine + ")");
    if (other.facts.grid != first.facts.grid)
        refuse("has another grid of points");
    if (other.facts.shard.count != first.facts.shard.count)
        refuse("is of another number of shards");
    const Json mine = sharedSettings(first.settings), theirs = sharedSettings(other.settings);
    for (const auto& [key, value] : mine.items())
        if (theirs.value(key, Json()) != value)
            refuse("has another " + key + " (" + theirs.value(key, Json()).dump() + ", not " + value.dump() + ")");
}

void requireWhole(const Part& part)
{
    std::size_t missing = 0, own = 0;
    for (const std::string& name : part.facts.grid) {
        if (shardOf(name, part.facts.shard.count) != part.facts.shard.number)
            continue;
        ++own;
        const auto& left = part.facts.leftOut;
        missing += !part.results.contains(name) && std::find(left.begin(), left.end(), name) == left.end() ? 1 : 0;
    }
    if (missing > 0)
        throw usageError(part.quoted() + " is not finished: " + std::to_string(missing) + " of its "
            + countText(own, "point") + " are still to be measured; run it again, it goes on");
}

std::vector<Part> readParts(const std::vector<std::string>& folders)
{
    std::vector<Part> parts;
    for (const std::string& folder : folders)
        parts.emplace_back(folder);
    std::sort(parts.begin(), parts.end(),
        [](const Part& a, const Part& b) { return a.facts.shard.number < b.facts.shard.number; });
    for (std::size_t i = 0; i < parts.size(); ++i) {
        requireSame(parts.front(), parts[i]);
        if (i > 0 && parts[i].facts.shard == parts[i - 1].facts.shard)
            throw usageError(parts[i].quoted() + " is there twice, in " + inQuotes(parts[i - 1].folder) + ", too");
        if (parts[i].facts.shard.number != std::int64_t(i) + 1)
            throw usageError("shard " + printShard({ std::int64_t(i) + 1, parts[i].facts.shard.count })
                + " is missing among the folders");
        requireWhole(parts[i]);
    }
    const Shard& last = parts.back().facts.shard;
    if (last.number != last.count)
        throw usageError("shard " + printShard({ last.number + 1, last.count }) + " is missing among the folders");
    return parts;
}

} // namespace

Shard parseShard(std::string_view text)
{
    Shard shard;
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || !readNumber(text.substr(0, slash), shard.number)
        || !readNumber(text.substr(slash + 1), shard.count) || shard.count < 1 || shard.count > mostShards
        || shard.number < 1 || shard.number > shard.count)
        throw usageError("the shard '" + std::string(text)
            + "' is not of the form K/N with 1 <= K <= N <= " + std::to_string(mostShards));
    return shard;
}

std::string printShard(const Shard& shard) { return std::to_string(shard.number) + "/" + std::to_string(shard.count); }

std::string pointName(const SweepPoint& point)
{
    return point.method.id + ":" + printParams(point.method) + " at importance " + printImportance(point.importance);
}

SweepPoints pointsOf(const SweepPoints& grid, const Shard& shard)
{
    SweepPoints points;
    for (const SweepPoint& point : grid)
        if (shardOf(pointName(point), shard.count) == shard.number)
            points.push_back(point);
    return points;
}

void writeShardFacts(const std::string& folder, const ShardFacts& facts)
{
    const Json json { { "shard", printShard(facts.shard) }, { "fingerprint", facts.fingerprint },
        { "engine", facts.engine }, { "left_out", facts.leftOut }, { "grid", facts.grid } };
    writeFileAtomic(folder + "/shard.json", json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

ShardFacts readShardFacts(const std::string& folder)
{
    const std::string path = folder + "/shard.json";
    const Json json = readObject(path);
    try {
        return { parseShard(json.at("shard").get<std::string>()), json.at("fingerprint"), json.at("engine"),
            json.at("grid"), json.at("left_out") };
    } catch (const Json::exception&) {
        throw inputError(path + ": not in the form that sweep --shard writes");
    }
}

MergedSweep mergeShards(const std::vector<std::string>& folders, const std::string& target)
{
    std::error_code error;
    if (fs::exists(target + "/sweep.json", error) || fs::exists(target + "/results.csv", error))
        throw usageError("the folder " + inQuotes(target) + " holds results already; choose another one");
    std::vector<Part> parts = readParts(folders);
    fs::create_directories(target, error);
    if (!fs::is_directory(target, error))
        throw resourceError("Cannot make the folder " + inQuotes(target));
    std::vector<EvaluationResult> results;
    Json json { { "dump", parts.front().dump }, { "results", Json::array() } };
    for (const std::string& name : parts.front().facts.grid)
        for (Part& part : parts)
            if (const auto at = part.results.find(name); at != part.results.end()) {
                results.push_back(at->second.first);
                json["results"].push_back(at->second.second);
            }
    Json settings = parts.front().settings;
    settings.erase("shard");
    writeFileAtomic(target + "/sweep.json", settings.dump(2) + "\n");
    writeFileAtomic(target + "/results.csv", resultsToCsv(results));
    writeFileAtomic(target + "/results.json", json.dump(2) + "\n");
    writeFileAtomic(target + "/pareto.csv", paretoCsv(results));
    return { parts.front().facts.grid.size(), results.size() };
}

} // namespace pikv
