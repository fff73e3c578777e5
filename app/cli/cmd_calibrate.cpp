// SPDX-License-Identifier: GPL-3.0-or-later
// pikv calibrate: what a method can learn ahead, learned on dumps and written for use on others.
#include "app/cli/command.h"
#include "app/cli/dumpsource.h"
#include "app/cli/invocation.h"
#include "app/cli/output.h"
#include "core/base/text.h"
#include "core/eval/calibrate.h"
#include "core/study/study.h"
#include <memory>

namespace pikv::cli {
namespace {

struct Options {
    std::vector<std::string> dumps;
    std::string spec, importance = "none", output;
    DumpSource source;
};

StudySettings settingsOf(const Options& options, const Invocation& invocation)
{
    StudySettings settings;
    settings.importance = parseImportance(options.importance);
    if (settings.importance.source != ImportanceSpec::Source::None && options.dumps.size() > 1)
        throw usageError("--importance " + options.importance + " needs a single dump; "
            + std::to_string(options.dumps.size()) + " were given");
    settings.device = invocation.deviceChoice();
    (void)deviceName(settings.device); // refuses CUDA where there is none
    settings.seed = invocation.seed;
    return settings;
}

std::vector<CachePtr> openDumps(const Options& options, Invocation& invocation)
{
    std::vector<CachePtr> caches;
    for (const std::string& path : options.dumps)
        caches.push_back(options.source.open(path, invocation));
    return caches;
}

void run(const Options& options, Invocation& invocation)
{
    const MethodSpec method = parseSpec(options.spec);
    checkCalibratable(method);
    const StudySettings settings = settingsOf(options, invocation);
    const std::vector<CachePtr> caches = openDumps(options, invocation);
    checkOutputs({ { "--output", options.output } });
    const std::uint64_t bytes = calibrate(method, caches, settings, options.output, invocation.job(printSpec(method)));
    invocation.clearProgress();
    std::uint64_t original = 0;
    for (const CachePtr& cache : caches)
        original += cacheInfo(*cache).referenceBytes();
    writeOutput(options.output + ": " + bytesText(bytes) + " to be shared, learned on "
        + countText(caches.size(), "dump") + " (" + bytesText(original) + " at 16 bits); use with " + method.id
        + ":shared=" + quotedIfNeeded(options.output) + "\n");
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("DUMP", options->dumps, "Dumps to learn from, of one model")->required();
    app.add_option(
           "--with", options->spec, "The method to learn for: id:param=value,…; one of " + calibratableMethods())
        ->required()
        ->type_name("SPEC");
    app.add_option("--importance", options->importance, "Where token importance comes from, as in eval; one dump only")
        ->type_name("SOURCE")
        ->capture_default_str();
    app.add_option("-o,--output", options->output, "The calibration to write (.pikv-basis)")
        ->required()
        ->type_name("FILE");
    options->source.add(app);
    return [options](Invocation& invocation) { run(*options, invocation); };
}

const Command command { 55, "calibrate", "Learn a basis, codebook or student on dumps, for use on others", addOptions };

} // namespace
} // namespace pikv::cli
