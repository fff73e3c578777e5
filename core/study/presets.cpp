// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/study/presets.h"
#include "core/study/choices.h"

namespace pikv {
namespace {

SweepPreset defaultPreset()
{
    SweepPreset preset { "default", "Every method of the opening comparison over its own default sweep", {}, {} };
    for (const MethodSpec& spec : openingComparison()) {
        const MethodInfo& method = Registry::instance().get(spec.id);
        preset.specs.push_back(method.sweep.empty() ? method.id : method.id + ":" + method.sweep);
    }
    return preset;
}

/// The settings of the seed's test_compression.py.
SweepPreset seedPreset()
{
    SweepPreset preset { "seed",
        "The six compressors of the seed project with its parameters, at importance 0.2, 0.5 and 0.8", {}, {} };
    for (const char* spec : { "lora:rank=16,alpha=32,dropout=0.1", "lora_plus:ranks=[[4,8,16]],alpha=32",
             "pyramid:compression_ratio=0.5,num_levels=3,decay_factor=0.8",
             "fastv:num_centroids=32,sparsity_threshold=0.2",
             "fastvideo:keyframe_interval=8,motion_threshold=0.2,compression_ratio=0.5",
             "minillm:student_size=64,num_layers=2,use_attention=true" }) {
        const std::string text = spec;
        if (Registry::instance().find(text.substr(0, text.find(':'))))
            preset.specs.push_back(text);
    }
    for (const double level : { 0.2, 0.5, 0.8 })
        preset.importances.push_back({ ImportanceSpec::Source::Uniform, level, 0 });
    return preset;
}

} // namespace

const std::vector<SweepPreset>& sweepPresets()
{
    static const std::vector<SweepPreset> presets { defaultPreset(), seedPreset() };
    return presets;
}

const SweepPreset& findSweepPreset(const std::string& name)
{
    std::string known;
    for (const SweepPreset& preset : sweepPresets()) {
        if (preset.name == name)
            return preset;
        known += (known.empty() ? "" : ", ") + preset.name;
    }
    throw usageError("unknown preset '" + name + "'; known are: " + known);
}

} // namespace pikv
