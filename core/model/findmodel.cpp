// SPDX-License-Identifier: GPL-3.0-or-later
// Where models lie: the fetched default, environment and data folders, and the one whose name a dump carries.
#include "core/base/datafiles.h"
#include "core/base/error.h"
#include "core/cache/crossattention.h"
#include "core/cache/ropefrequencies.h"
#include "core/model/languagemodel.h"
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

namespace pikv {
namespace {

namespace fs = std::filesystem;

std::string defaultModelPath()
{
    const char* chosen = std::getenv("PIKV_MODEL");
    return chosen && *chosen ? chosen : userDataDir() + "/" + std::string(defaultModel);
}

bool isModel(const fs::path& path)
{
    std::error_code ignored;
    return (path.extension() == ".gguf" && fs::is_regular_file(path, ignored))
        || fs::exists(path / "config.json", ignored);
}

/// Letters and digits in lower case: "Qwen/Qwen2.5-0.5B" and "qwen2.5-0.5b" name the same model.
std::string plainName(const std::string& name)
{
    std::string plain;
    for (const char c : modelNameFromPath(name))
        if (std::isalnum(static_cast<unsigned char>(c)))
            plain.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    return plain;
}

} // namespace

std::string resolveModel(std::string_view model)
{
    std::error_code ignored;
    if (model != "default") {
        if (fs::exists(fs::path(model), ignored))
            return std::string(model);
        throw inputError(
            std::string(model) + ": there is no such model; give a GGUF file, a Hugging Face folder or 'default'");
    }
    const std::string path = defaultModelPath();
    if (!fs::exists(path, ignored))
        throw inputError("The default model is not at " + path
            + "; packaging/fetch-model fetches it, and PIKV_MODEL can name another file");
    return path;
}

std::string modelOfParam(const std::string& value) { return resolveModel(value.empty() ? "default" : value); }

std::string modelOfParamIfThere(const std::string& value)
{
    try {
        return modelOfParam(value);
    } catch (const Error&) {
        if (!value.empty())
            throw;
        return {};
    }
}

std::vector<std::string> findModels()
{
    std::vector<std::string> models;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(userDataDir() + "/models", ignored))
        if (isModel(entry.path()))
            models.push_back(entry.path().string());
    std::sort(models.begin(), models.end());
    const std::string first = defaultModelPath();
    if (isModel(first)) {
        std::erase(models, first);
        models.insert(models.begin(), first);
    }
    return models;
}

namespace {

/// Rules are compared by what they do to the frequencies: their texts differ between programs.
std::string scalingMismatch(const CacheInfo& dump, const RopeInfo& expected)
{
    if (!dump.rope.theta || dump.rope.scaling.empty())
        return {};
    if (!isRopeScalingSupported(dump.rope.scaling))
        return "the dump's RoPE scaling is '" + ropeScalingName(dump.rope.scaling) + "', which is not supported";
    return turnAlike(dump.rope, expected, dump.layers.front().keyDim)
        ? std::string()
        : "the dump's keys are rotated otherwise than the model's: its RoPE scaling is '"
            + ropeScalingName(dump.rope.scaling) + "', the model's is '" + ropeScalingName(expected.scaling) + "'";
}

} // namespace

std::string modelMismatch(const CacheInfo& dump, const LanguageModel& model)
{
    const ModelInfo& info = model.info();
    if (std::string reason = nextTokenObstacle(dump); !reason.empty())
        return reason;
    if (!dump.model.empty() && plainName(dump.model) != plainName(info.name))
        return "the dump is of the model '" + dump.model + "', the open one is '" + info.name + "'";
    const auto differ = [&](const char* what, std::int64_t inDump, std::int64_t inModel) {
        return "the dump has " + std::to_string(inDump) + " " + what + ", " + info.name + " has "
            + std::to_string(inModel);
    };
    if (dump.hasPadding())
        return "the dump has an attention mask: rows that are padding, which the test does not leave out";
    if (!dump.layerNumbers.empty() || !dump.layerRopes.empty())
        return "the dump is of a model whose layers differ (some without a cache, or rotated otherwise), which no "
               "model "
               "that runs here is";
    for (std::size_t i = 0; i < dump.positions.size(); ++i)
        if (dump.positions[i] != static_cast<std::int64_t>(i))
            return "the dump's positions do not run from 0 without a gap: row " + std::to_string(i) + " stands at "
                + std::to_string(dump.positions[i]);
    if (static_cast<std::int64_t>(dump.layers.size()) != info.layers)
        return differ("layers", static_cast<std::int64_t>(dump.layers.size()), info.layers);
    for (const LayerShape& layer : dump.layers) {
        if (layer.kvHeads != info.kvHeads)
            return differ("KV heads", layer.kvHeads, info.kvHeads);
        if (layer.keyDim != info.headDim || layer.valueDim != info.headDim)
            return differ(
                "channels a head", layer.keyDim != info.headDim ? layer.keyDim : layer.valueDim, info.headDim);
        if (layer.seq != dump.seq() || layer.batch != 1)
            return "the dump does not hold one sequence of the same length in every layer";
    }
    if (dump.seq() > info.context)
        return "the dump has " + std::to_string(dump.seq()) + " tokens, the context of " + info.name + " holds "
            + std::to_string(info.context);
    const RopeInfo& expected = model.llama().rope();
    if (dump.rope.state == RopeInfo::State::Pre)
        return "the dump's keys are not rotated";
    if (dump.rope.layout == RopeInfo::Layout::Interleaved)
        return "the dump's keys are rotated in interleaved layout; the model needs half layout";
    if (dump.rope.theta && *dump.rope.theta != *expected.theta)
        return "the dump's RoPE base differs from the model's";
    if (const std::string reason = scalingMismatch(dump, expected); !reason.empty())
        return reason;
    for (const std::int64_t id : dump.tokenIds)
        if (id < 0 || id >= info.vocabulary)
            return "the dump has token " + std::to_string(id) + ", beyond the model's vocabulary of "
                + std::to_string(info.vocabulary);
    return "";
}

} // namespace pikv
