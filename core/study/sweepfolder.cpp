// SPDX-License-Identifier: GPL-3.0-or-later
// sweep.json is compared before anything is taken from the folder. results.csv is what is read back; results.json knows
// more of each result, which is kept as text and written again.
#include "core/study/sweepfolder.h"
#include "core/base/text.h"
#include "core/eval/pareto.h"
#include "core/eval/resultsio.h"
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

namespace pikv {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

std::string pointOf(const MethodSpec& method, const ImportanceSpec& importance)
{
    return printSpec(method) + " " + printImportance(importance);
}

/// What the results belong to. The dump is known by its place, size and time of change, as make knows its files.
Json identityOf(const CacheInfo& info, const SweepIdentity& identity)
{
    std::error_code error;
    struct ::stat status { };
    const bool known = ::stat(info.path.c_str(), &status) == 0;
    const std::int64_t modified
        = known ? std::int64_t(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec : 0;
    std::string importances;
    for (const ImportanceSpec& importance : identity.importances)
        importances += (importances.empty() ? "" : ", ") + printImportance(importance);
    Json json { { "dump", fs::weakly_canonical(info.path, error).string() }, { "dump_bytes", info.fileBytes },
        { "dump_modified_ns", modified }, { "seed", identity.settings.seed }, { "importance", importances },
        { "device", deviceName(identity.settings.device) }, { "accept_nonfinite", identity.settings.acceptNonFinite },
        { "model", identity.model }, { "predict", identity.predict } };
    if (!info.told.empty()) // folders of earlier versions know of none
        json["told"] = info.told;
    if (identity.klShares)
        json["kl_shares"] = true;
    if (!identity.shard.empty())
        json["shard"] = identity.shard;
    return json;
}

std::string keyOf(const Json& result)
{
    return result["compressor"].dump() + result["params"].dump() + result["importance"].dump();
}

Json readJson(const std::string& path)
{
    std::ifstream file(path);
    Json json = Json::parse(file, nullptr, false);
    if (json.is_discarded() || !json.is_object())
        throw inputError(path + " is not a JSON object; delete it or sweep again with --restart");
    return json;
}

/// Names the first setting that differs: "its seed is 1, not 0".
std::string difference(const Json& there, const Json& here)
{
    for (const auto& [key, value] : here.items()) {
        if (there.contains(key) && there.at(key) == value)
            continue;
        if (key.starts_with("dump_"))
            return "the dump has changed since";
        return "its " + key + " is " + (there.contains(key) ? there.at(key).dump() : "unknown") + ", not "
            + value.dump();
    }
    return there.contains("shard") ? "it is the shard " + there["shard"].dump() : "its settings are more than known";
}

} // namespace

SweepFolder::SweepFolder(
    std::string path, CachePtr cache, const SweepIdentity& identity, std::int64_t sharedCaches, bool restart)
    : m_path(std::move(path))
    , m_sharedCaches(sharedCaches)
    , m_cache(std::move(cache))
{
    const std::string mine = identityOf(cacheInfo(*m_cache), identity).dump(2);
    std::error_code error, unknown;
    fs::create_directories(m_path, error);
    if (!fs::is_directory(m_path, unknown))
        throw resourceError("Cannot make the folder " + inQuotes(m_path) + ": "
            + (error ? error.message() : "it is a file, not a folder"));
    if (!restart && (fs::exists(file("sweep.json")) || fs::exists(file("results.csv"))))
        read(mine);
    writeFileAtomic(file("sweep.json"), mine + "\n");
    flush();
}

void SweepFolder::read(const std::string& identity)
{
    const std::string advice = "; choose another folder, or --restart to replace its results";
    if (!fs::exists(file("sweep.json")))
        throw usageError("the folder " + inQuotes(m_path) + " holds a results.csv that is not a sweep's" + advice);
    Json there = readJson(file("sweep.json"));
    there.erase("shared_caches"); // told of by folders of earlier versions; it is no part of a measurement
    const Json here = Json::parse(identity);
    // A sweep that came to nothing, say for want of its model, stands in nobody's way.
    if (!fs::exists(file("results.csv")))
        return;
    std::vector<EvaluationResult> results = resultsFromCsv(file("results.csv"));
    if (there != here && !results.empty())
        throw usageError("the folder " + inQuotes(m_path) + " holds results of another sweep ("
            + difference(there, here) + ")" + advice);
    for (EvaluationResult& result : results)
        take(std::move(result));
    if (m_results.empty() || !fs::exists(file("results.json")))
        return;
    const Json json = readJson(file("results.json"));
    for (const Json& result : json.value("results", Json::array()))
        if (result.is_object() && result.contains("compressor") && result.contains("params")
            && result.contains("importance"))
            m_json[keyOf(result)] = result.dump();
}

void SweepFolder::take(EvaluationResult result)
{
    result.sharedCaches = m_sharedCaches;
    m_points.insert(pointOf(result.method, result.importance));
    m_results.push_back(std::move(result));
}

bool SweepFolder::has(const MethodSpec& method, const ImportanceSpec& importance) const
{
    return m_points.contains(pointOf(method, importance));
}

void SweepFolder::add(const EvaluationResult& result)
{
    take(result);
    m_dirty = true;
    if (Clock::now() >= m_nextFlush)
        flush();
}

void SweepFolder::flush()
{
    if (!m_dirty)
        return;
    const auto start = Clock::now();
    const std::string json = resultsJson();
    writeFileAtomic(file("results.csv"), resultsToCsv(m_results));
    writeFileAtomic(file("results.json"), json);
    writeFileAtomic(file("pareto.csv"), paretoCsv(m_results));
    m_dirty = false;
    m_nextFlush = Clock::now() + 20 * (Clock::now() - start);
}

/// A result that was read back from the CSV knows less than it knew when it was measured.
std::string SweepFolder::resultsJson()
{
    Json json = Json::parse(resultsToJson(cacheInfo(*m_cache), m_results, false));
    for (Json& result : json["results"]) {
        const auto [kept, isNew] = m_json.try_emplace(keyOf(result), result.dump());
        if (isNew)
            continue;
        Json earlier = Json::parse(kept->second);
        for (const char* ofView : { "amortised_ratio", "shared_caches" })
            earlier[ofView] = result[ofView];
        result = std::move(earlier);
    }
    return json.dump(2) + "\n";
}

std::string paretoCsv(const std::vector<EvaluationResult>& results)
{
    const auto lines = [](const std::vector<EvaluationResult>& some) {
        const std::string csv = resultsToCsv(some);
        const std::size_t end = csv.find('\n');
        return std::pair(csv.substr(0, end), csv.substr(end + 1));
    };
    std::string csv = lines({}).first + ",front_metric\n";
    for (const char* name : { "attention_error", "mse" })
        for (std::size_t i : paretoFront(results, *findMetric("bits_per_element"), *findMetric(name))) {
            std::string row = lines({ results[i] }).second;
            row.pop_back();
            csv += row + "," + name + "\n";
        }
    return csv;
}

} // namespace pikv
