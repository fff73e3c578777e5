// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/sweep.h"
#include "core/codec/registry.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace pikv {
namespace {

SweepPreset defaultPreset()
{
    SweepPreset preset { "default", "Every method of the opening comparison over its own default sweep", {}, {} };
    for (const MethodInfo& method : Registry::instance().methods())
        if (method.checkedByDefault)
            preset.specs.push_back(method.sweep.empty() ? method.id : method.id + ":" + method.sweep);
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

/// Smaller is better for both after the sign.
double directed(const MetricInfo& metric, const EvaluationResult& result)
{
    const double value = metric.value(result);
    return metric.better == Better::Higher ? -value : value;
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

void runSweep(const EvaluationRequest& base, const std::vector<MethodSpec>& points, const ResultSink& done,
    const std::function<void(const MethodSpec&, const Problem&)>& failed, const JobControl& job)
{
    EvaluationRequest request = base;
    if (request.importance.source != ImportanceSpec::Source::None && !request.importanceValues)
        request.importanceValues
            = std::make_shared<std::vector<float>>(computeImportance(*request.cache, request.importance, job));
    for (std::size_t i = 0; i < points.size(); ++i) {
        job.checkpoint();
        job.report({ "Sweep point", static_cast<int>(i + 1), static_cast<int>(points.size()) });
        request.method = points[i];
        const JobControl quiet(job.stopToken()); // the sweep's own progress, not each layer's
        try {
            done(evaluate(request, quiet));
        } catch (...) {
            const Problem problem = currentProblem();
            if (problem.kind == ErrorKind::Cancelled)
                throw;
            failed(points[i], problem);
        }
    }
}

std::vector<std::size_t> paretoFront(
    const std::vector<EvaluationResult>& results, const MetricInfo& x, const MetricInfo& y)
{
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < results.size(); ++i)
        if (!std::isnan(x.value(results[i])) && !std::isnan(y.value(results[i])))
            order.push_back(i);
    const auto key = [&](std::size_t i) { return std::pair(directed(x, results[i]), directed(y, results[i])); };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
    std::vector<std::size_t> front;
    for (std::size_t i : order) {
        const bool better = front.empty() || key(i).second < key(front.back()).second;
        if (better || key(i) == key(front.back()))
            front.push_back(i);
    }
    std::stable_sort(front.begin(), front.end(),
        [&](std::size_t a, std::size_t b) { return x.value(results[a]) < x.value(results[b]); });
    return front;
}

} // namespace pikv
