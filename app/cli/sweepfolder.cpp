// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/sweepfolder.h"
#include "core/base/text.h"
#include "core/eval/resultsio.h"
#include "core/eval/sweep.h"
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

namespace pikv::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

std::string pointOf(const MethodSpec& method, const ImportanceSpec& importance)
{
    return printSpec(method) + " " + printImportance(importance);
}

/// What the results belong to. The dump is known by its place, size and time of change, as make knows its files.
Json identityOf(const EvaluationRequest& request, const SweepIdentity& identity)
{
    const CacheInfo& info = cacheInfo(*request.cache);
    std::error_code error;
    struct ::stat status { };
    const bool known = ::stat(info.path.c_str(), &status) == 0;
    const std::int64_t modified
        = known ? std::int64_t(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec : 0;
    return { { "dump", fs::weakly_canonical(info.path, error).string() }, { "dump_bytes", info.fileBytes },
        { "dump_modified_ns", modified }, { "seed", request.seed }, { "importance", identity.importance },
        { "device", deviceName(request.device) }, { "accept_nonfinite", request.acceptNonFinite },
        { "model", identity.model }, { "predict", identity.predict }, { "shared_caches", request.sharedCaches } };
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
    return "its settings are more than known";
}

} // namespace

SweepFolder::SweepFolder(
    std::string path, const EvaluationRequest& request, const SweepIdentity& identity, bool restart)
    : m_path(std::move(path))
    , m_dump(cacheInfo(*request.cache))
    , m_identity(identityOf(request, identity))
{
    std::error_code error, unknown;
    fs::create_directories(m_path, error);
    if (!fs::is_directory(m_path, unknown))
        throw resourceError("Cannot make the folder " + inQuotes(m_path) + ": "
            + (error ? error.message() : "it is a file, not a folder"));
    if (!restart && (fs::exists(file("sweep.json")) || fs::exists(file("results.csv"))))
        read();
    writeFileAtomic(file("sweep.json"), m_identity.dump(2) + "\n");
    flush();
}

void SweepFolder::read()
{
    const std::string advice = "; choose another folder, or --restart to replace its results";
    if (!fs::exists(file("sweep.json")))
        throw usageError("the folder " + inQuotes(m_path) + " holds a results.csv that is not a sweep's" + advice);
    const Json there = readJson(file("sweep.json"));
    // A sweep that came to nothing, say for want of its model, stands in nobody's way.
    const bool empty = !fs::exists(file("results.csv")) || resultsFromCsv(file("results.csv")).empty();
    if (there != m_identity && !empty)
        throw usageError("the folder " + inQuotes(m_path) + " holds results of another sweep ("
            + difference(there, m_identity) + ")" + advice);
    if (empty)
        return;
    m_results = resultsFromCsv(file("results.csv"));
    for (const EvaluationResult& result : m_results)
        m_points.insert(pointOf(result.method, result.importance));
    if (!fs::exists(file("results.json")))
        return;
    const Json json = readJson(file("results.json"));
    for (const Json& result : json.value("results", Json::array()))
        if (result.is_object() && result.contains("compressor") && result.contains("params")
            && result.contains("importance"))
            m_json[keyOf(result)] = result;
}

bool SweepFolder::has(const MethodSpec& method, const ImportanceSpec& importance) const
{
    return m_points.contains(pointOf(method, importance));
}

void SweepFolder::add(const EvaluationResult& result)
{
    m_results.push_back(result);
    m_points.insert(pointOf(result.method, result.importance));
    m_dirty = true;
    if (Clock::now() >= m_nextFlush)
        flush();
}

void SweepFolder::flush()
{
    if (!m_dirty)
        return;
    const auto start = Clock::now();
    Json json = Json::parse(resultsToJson(m_dump, m_results, false));
    for (Json& result : json["results"]) {
        // A result that was read back from the CSV knows less than it knew when it was measured.
        const auto [kept, isNew] = m_json.try_emplace(keyOf(result), result);
        if (!isNew)
            result = kept->second;
    }
    writeFileAtomic(file("results.csv"), resultsToCsv(m_results));
    writeFileAtomic(file("results.json"), json.dump(2) + "\n");
    writeFileAtomic(file("pareto.csv"), paretoCsv());
    m_dirty = false;
    m_nextFlush = Clock::now() + 20 * (Clock::now() - start);
}

std::string SweepFolder::paretoCsv() const
{
    const auto lines = [](const std::vector<EvaluationResult>& results) {
        const std::string csv = resultsToCsv(results);
        const std::size_t end = csv.find('\n');
        return std::pair(csv.substr(0, end), csv.substr(end + 1));
    };
    std::string csv = lines({}).first + ",front_metric\n";
    for (const char* name : { "attention_error", "mse" })
        for (std::size_t i : paretoFront(m_results, *findMetric("bits_per_element"), *findMetric(name))) {
            std::string row = lines({ m_results[i] }).second;
            row.pop_back();
            csv += row + "," + name + "\n";
        }
    return csv;
}

} // namespace pikv::cli
