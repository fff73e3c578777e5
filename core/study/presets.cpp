// SPDX-License-Identifier: GPL-3.0-or-later
// The presets that come with the program, and those that the user named; these two as one list, and as text.
#include "core/study/presets.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/study/choices.h"
#include "core/study/presetstore.h"
#include <algorithm>
#include <iterator>

namespace pikv {
namespace {

constexpr std::string_view nameMark = "# Preset: ";

Preset defaultPreset()
{
    Preset preset { "default", "Every method of the opening comparison over its own default sweep", {}, {}, true };
    for (const MethodSpec& spec : openingComparison()) {
        const MethodInfo& method = Registry::instance().get(spec.id);
        preset.grid.specs.push_back(method.sweep.empty() ? method.id : method.id + ":" + method.sweep);
    }
    return preset;
}

/// The settings of the seed's test_compression.py.
Preset seedPreset()
{
    Preset preset { "seed",
        "The six compressors of the seed project with its parameters, at importance 0.2, 0.5 and 0.8", {}, {}, true };
    for (const char* spec : { "lora:rank=16,alpha=32,dropout=0.1", "lora_plus:ranks=[[4,8,16]],alpha=32",
             "pyramid:compression_ratio=0.5,num_levels=3,decay_factor=0.8",
             "fastv:num_centroids=32,sparsity_threshold=0.2",
             "fastvideo:keyframe_interval=8,motion_threshold=0.2,compression_ratio=0.5",
             "minillm:student_size=64,num_layers=2,use_attention=true" }) {
        const std::string text = spec;
        if (Registry::instance().find(text.substr(0, text.find(':'))))
            preset.grid.specs.push_back(text);
    }
    for (const double level : { 0.2, 0.5, 0.8 })
        preset.grid.importances.push_back({ ImportanceSpec::Source::Uniform, level, 0 });
    return preset;
}

void checkName(const std::string& name)
{
    const bool isOneLine = std::none_of(
        name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (name.empty() || name != trimmed(name) || name.size() > 80 || !isOneLine || !isUtf8(name))
        throw usageError("a preset's name is one line of 1 to 80 bytes, got " + inQuotes(name));
    for (const Preset& preset : builtInPresets())
        if (preset.name == name)
            throw usageError("the preset '" + name + "' comes with the program; choose another name");
}

auto named(std::vector<Preset>& presets, const std::string& name)
{
    return std::find_if(presets.begin(), presets.end(), [&](const Preset& preset) { return preset.name == name; });
}

} // namespace

const std::vector<Preset>& builtInPresets()
{
    static const std::vector<Preset> presets { defaultPreset(), seedPreset() };
    return presets;
}

std::vector<Preset> allPresets()
{
    std::vector<Preset> presets = builtInPresets(), own = readPresets();
    std::sort(own.begin(), own.end(), [](const Preset& a, const Preset& b) { return a.name < b.name; });
    std::move(own.begin(), own.end(), std::back_inserter(presets));
    return presets;
}

Preset findPreset(const std::string& name)
{
    for (const Preset& preset : builtInPresets())
        if (preset.name == name)
            return preset;
    std::string known;
    for (const Preset& preset : allPresets()) {
        if (preset.name == name)
            return preset;
        known += (known.empty() ? "" : ", ") + preset.name;
    }
    throw usageError("unknown preset '" + name + "'; known are: " + known);
}

void savePreset(const Preset& preset)
{
    checkName(preset.name);
    changePresets([&](std::vector<Preset>& presets) {
        const auto at = named(presets, preset.name);
        if (at != presets.end())
            *at = preset;
        else
            presets.push_back(preset);
    });
}

void renamePreset(const std::string& name, const std::string& newName)
{
    checkName(name);
    checkName(newName);
    changePresets([&](std::vector<Preset>& presets) {
        const auto at = named(presets, name);
        if (at == presets.end())
            throw usageError("there is no preset '" + name + "'");
        if (newName != name && named(presets, newName) != presets.end())
            throw usageError("there is a preset '" + newName + "' already");
        at->name = newName;
    });
}

void removePreset(const std::string& name)
{
    checkName(name);
    changePresets([&](std::vector<Preset>& presets) {
        if (std::erase_if(presets, [&](const Preset& preset) { return preset.name == name; }) == 0)
            throw usageError("there is no preset '" + name + "'");
    });
}

std::string printPreset(const Preset& preset)
{
    std::string text = std::string(nameMark) + preset.name + "\n";
    for (const std::string& spec : preset.settings)
        text += spec + "\n";
    return text + (preset.grid.specs.empty() ? "" : printSweepCommand({ preset.grid, {}, {} }) + "\n");
}

namespace {

bool isCommand(const std::string& line) { return line.starts_with("pikv sweep") || line.starts_with("$ pikv sweep"); }

std::vector<std::string> linesOf(std::string_view text)
{
    std::vector<std::string> lines;
    for (std::size_t start = 0; start <= text.size();) {
        const auto end = std::min(text.find('\n', start), text.size());
        std::string line(text.substr(start, end - start));
        if (line.ends_with('\r'))
            line.pop_back();
        if (line = trimmed(line); !line.empty())
            lines.push_back(std::move(line));
        start = end + 1;
    }
    return lines;
}

} // namespace

Preset parsePreset(std::string_view text)
{
    Preset preset;
    for (const std::string& line : linesOf(text)) {
        if (line.starts_with(nameMark))
            preset.name = trimmed(line.substr(nameMark.size()));
        else if (isCommand(line))
            preset.grid = parseSweepCommand(line).grid;
        else if (!line.starts_with('#'))
            preset.settings.push_back(printSpec(parseSpec(line)));
    }
    if (preset.settings.empty() && preset.grid.specs.empty())
        throw usageError("the text has neither a method's settings, such as lora:rank=8, nor a sweep");
    return preset;
}

bool looksLikePreset(std::string_view text)
{
    const std::vector<std::string> lines = linesOf(text);
    return lines.size() > 1 || (!lines.empty() && (lines.front().starts_with('#') || isCommand(lines.front())));
}

} // namespace pikv
