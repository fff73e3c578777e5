// SPDX-License-Identifier: GPL-3.0-or-later
// Small and read whole each time: window and command line see what the other wrote. What another version does not know
// (a method, a parameter) is kept as the text that it is, and refused where it is used.
#include "core/study/presetstore.h"
#include "core/base/error.h"
#include "core/base/userfile.h"
#include "core/formats/jsontext.h"
#include <algorithm>
#include <iterator>

namespace pikv {
namespace {

using Json = nlohmann::json;

constexpr int version = 1;
constexpr std::size_t mostPresets = 1000;

UserFile storeFile() { return UserFile("presets.json"); }

Json toJson(const Preset& preset)
{
    return { { "name", preset.name }, { "settings", preset.settings }, { "sweep", preset.grid.specs },
        { "importances", printImportances(preset.grid.importances) }, { "next_token", preset.grid.nextToken } };
}

Preset fromJson(const Json& json)
{
    Preset preset { json.at("name").get<std::string>(), {}, {}, {}, false };
    preset.settings = json.at("settings").get<std::vector<std::string>>();
    preset.grid.specs = json.at("sweep").get<std::vector<std::string>>();
    if (const auto importances = json.at("importances").get<std::string>(); !importances.empty())
        preset.grid.importances = parseImportances(importances);
    preset.grid.nextToken = json.at("next_token").get<bool>();
    return preset;
}

} // namespace

std::string presetStorePath() { return storeFile().path(); }

std::vector<Preset> readPresets()
{
    const UserFile file = storeFile();
    const std::string text = file.read(), &path = file.path();
    std::vector<Preset> presets;
    if (text.empty())
        return presets;
    try {
        const Json store = parseJson(text, path);
        if (store.at("version") != version)
            throw inputError(path + " is of another version of the program");
        for (const Json& entry : store.at("presets"))
            presets.push_back(fromJson(entry));
    } catch (const Json::exception&) {
        throw inputError(path + " is no list of presets as version " + std::to_string(version) + " of it has it");
    } catch (const Error& error) {
        throw inputError(error.kind() == ErrorKind::Input ? error.what() : path + ": " + error.what());
    }
    return presets;
}

void changePresets(const std::function<void(std::vector<Preset>&)>& change)
{
    const UserFile file = storeFile();
    const FolderLock others = file.lock();
    std::vector<Preset> presets;
    bool isDamaged = false;
    try {
        presets = readPresets();
    } catch (const Error&) {
        isDamaged = true;
    }
    change(presets);
    if (presets.size() > mostPresets)
        throw usageError("there are " + std::to_string(mostPresets) + " presets already; remove one first");
    Json list = Json::array();
    std::transform(presets.begin(), presets.end(), std::back_inserter(list), toJson);
    const std::string text = Json { { "version", version }, { "presets", std::move(list) } }.dump(
                                 2, ' ', false, Json::error_handler_t::replace)
        + "\n";
    if (isDamaged)
        file.setAside();
    file.write(text);
}

} // namespace pikv
