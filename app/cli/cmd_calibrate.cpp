// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/output.h"
#include "app/cli/session.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/codec/registry.h"
#include "core/dumps/dumps.h"
#include "core/eval/calibrate.h"
#include "core/eval/memoryneed.h"
#include <memory>

namespace pikv::cli {
namespace {

struct Options {
    std::vector<std::string> dumps;
    std::string spec, importance = "none", output;
};

std::string calibratable()
{
    std::string names;
    for (const MethodInfo& method : Registry::instance().methods())
        if (canCalibrate(method.id))
            names += (names.empty() ? "" : ", ") + method.id;
    return names;
}

CalibrationRequest requestOf(const Options& options, const Session& session)
{
    CalibrationRequest request;
    request.method = parseSpec(options.spec);
    if (!canCalibrate(request.method.id))
        throw usageError(request.method.id + " has nothing to calibrate; these have: " + calibratable());
    if (!request.method.params.text("shared").empty())
        throw usageError(request.method.id + ": shared names a finished calibration; leave it out to learn a new one");
    request.importance = parseImportance(options.importance);
    if (request.importance.source != ImportanceSpec::Source::None && options.dumps.size() > 1)
        throw usageError("--importance " + options.importance + " needs a single dump; "
            + std::to_string(options.dumps.size()) + " were given");
    request.device = session.deviceChoice();
    (void)deviceName(request.device); // refuses CUDA where there is none
    request.seed = session.seed;
    for (const std::string& path : options.dumps) {
        refuseSameFile(path, options.output, "--output");
        request.caches.push_back(openCache(path));
    }
    return request;
}

void calibrate(const Options& options, Session& session)
{
    const CalibrationRequest request = requestOf(options, session);
    checkWritable(options.output);
    requireMemory(calibrationMemory(request.caches), "calibrating " + request.method.id);
    const std::uint64_t bytes = calibrateFile(request, options.output, session.job(printSpec(request.method)));
    session.clearProgress();
    std::uint64_t original = 0;
    for (const CachePtr& cache : request.caches)
        original += cacheInfo(*cache).referenceBytes();
    writeOutput(options.output + ": " + bytesText(bytes) + " to be shared, learned on "
        + countText(request.caches.size(), "dump") + " (" + bytesText(original) + " at 16 bits); use with "
        + request.method.id + ":shared=" + options.output + "\n");
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("DUMP", options->dumps, "Dumps to learn from, of one model")->required();
    app.add_option("--with", options->spec, "The method to learn for: id:param=value,…; one of " + calibratable())
        ->required()
        ->type_name("SPEC");
    app.add_option("--importance", options->importance, "Where token importance comes from, as in eval; one dump only")
        ->type_name("SOURCE")
        ->capture_default_str();
    app.add_option("-o,--output", options->output, "The calibration to write (.pikv-basis)")
        ->required()
        ->type_name("FILE");
    return [options](Session& session) { calibrate(*options, session); };
}

const Command command { 55, "calibrate", "Learn a basis, codebook or student on dumps, for use on others", addOptions };

} // namespace
} // namespace pikv::cli
