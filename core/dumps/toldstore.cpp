// SPDX-License-Identifier: GPL-3.0-or-later
// The store is small and read whole each time: two programs that run beside each other see what the other wrote. One at
// a time changes it.
#include "core/dumps/toldstore.h"
#include "core/base/filesource.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/base/userfile.h"
#include "core/dumps/dumps.h"
#include "core/formats/jsontext.h"
#include "core/formats/told.h"
#include <algorithm>
#include <filesystem>
#include <mutex>

namespace pikv {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t mostFiles = 1000; ///< that are remembered
constexpr int version = 1;

/// "<size>-<hash>"; "" for a file that cannot be read.
std::string fingerprintOf(const std::string& path)
{
    constexpr std::uint64_t end = 64u << 10;
    try {
        const FileSource file(dumpFile(path));
        Bytes bytes(std::min(file.size(), end));
        Hasher hasher;
        file.read(0, bytes);
        hasher.add(bytes);
        file.read(file.size() - bytes.size(), bytes);
        hasher.add(bytes);
        char hash[17];
        std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(hasher.value()));
        return std::to_string(file.size()) + "-" + hash;
    } catch (const Error&) {
        return {};
    }
}

UserFile storeFile() { return UserFile("told.json"); }

bool isEntry(const Json& entry)
{
    const auto isText = [](const Json& value) { return value.is_string(); };
    return entry.is_object() && entry.contains("file") && entry["file"].is_string() && entry.contains("told")
        && entry["told"].is_object() && std::all_of(entry["told"].begin(), entry["told"].end(), isText);
}

/// The list of files. Throws Error{Input} where the store is damaged.
Json readStore()
{
    const UserFile file = storeFile();
    const std::string text = file.read();
    if (text.empty())
        return Json::array();
    const Json store = parseJson(text, file.path());
    if (!store.is_object() || store.value("version", Json()) != version || !store.contains("dumps")
        || !store["dumps"].is_array() || !std::all_of(store["dumps"].begin(), store["dumps"].end(), isEntry))
        throw inputError(file.path() + " is no list of dumps as version " + std::to_string(version) + " of it has it");
    return store["dumps"];
}

std::string sentence(const std::string& what, const Error& error)
{
    std::string text = what + ": " + error.what();
    return text.ends_with('.') ? text : text + ".";
}

std::mutex& storeMutex()
{
    static std::mutex mutex;
    return mutex;
}

Json::const_iterator entryOf(const Json& dumps, const std::string& file)
{
    return std::find_if(dumps.begin(), dumps.end(), [&](const Json& entry) { return entry["file"] == file; });
}

} // namespace

std::string toldStorePath() { return storeFile().path(); }

Recalled recallTold(const std::string& path)
{
    const std::scoped_lock lock(storeMutex());
    try {
        const Json dumps = readStore();
        if (dumps.empty())
            return {};
        const auto entry = entryOf(dumps, fingerprintOf(path));
        if (entry == dumps.end())
            return {};
        Told told = (*entry)["told"].get<Told>();
        checkTold(told);
        return { std::move(told), {} };
    } catch (const Error& error) {
        return { {}, sentence("What was told of dumps before is not used", error) };
    }
}

std::string rememberTold(const std::string& path, const Told& told)
{
    const std::string what = "What was told of " + path + " is not remembered";
    const std::scoped_lock lock(storeMutex());
    try {
        const UserFile store = storeFile();
        const std::string file = fingerprintOf(path);
        if (file.empty())
            throw inputError(path + " cannot be read");
        const FolderLock others = store.lock();
        Json dumps;
        try {
            dumps = readStore();
        } catch (const Error&) {
            dumps = Json::array();
            store.setAside();
        }
        if (const auto entry = entryOf(dumps, file); entry != dumps.end())
            dumps.erase(entry);
        if (!told.empty())
            dumps.insert(dumps.begin(),
                Json { { "file", file }, { "name", fs::path(path).filename().string() }, { "told", told } });
        while (dumps.size() > mostFiles)
            dumps.erase(dumps.size() - 1);
        store.write(Json { { "version", version }, { "dumps", std::move(dumps) } }.dump(
                        2, ' ', false, Json::error_handler_t::replace)
            + "\n");
        return {};
    } catch (const Error& error) {
        return sentence(what, error);
    }
}

OpenedDump openTold(const std::string& path, const Told& told, Telling how, const JobControl& job)
{
    checkTold(told);
    const Recalled before = recallTold(path);
    const Told now = keptTold(told), all = how == Telling::Adds ? withTold(before.told, now) : now;
    OpenedDump opened;
    opened.isRecalled = how == Telling::Adds && !before.told.empty() && all != now;
    if (!before.warning.empty())
        opened.warnings.push_back(before.warning);
    const auto remember = [&] {
        if (std::string problem = rememberTold(path, all); !problem.empty())
            opened.warnings.push_back(std::move(problem));
    };
    const bool isChanged = all != before.told;
    if (isChanged && all.empty()) // also where the file does not open without it
        remember();
    try {
        opened.cache = openCache(path, all, job);
    } catch (const Error& error) {
        if (!opened.isRecalled || error.kind() != ErrorKind::Input)
            throw;
        throw inputError(std::string(error.what()) + " It was opened as it was told before: " + toldText(all)
            + "; forget that to open it as it is.");
    }
    if (isChanged && !all.empty())
        remember();
    return opened;
}

} // namespace pikv
