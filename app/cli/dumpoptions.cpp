// SPDX-License-Identifier: GPL-3.0-or-later
// Which dumps a command works on, told on its command line.
#include "app/cli/dumpoptions.h"
#include "app/cli/invocation.h"
#include "app/cli/wholenumber.h"

namespace pikv::cli {
namespace {

std::string sourcesHelp()
{
    std::string text = "Where token importance comes from:";
    for (const ImportanceSourceInfo& source : importanceSources()) {
        text += (&source == &importanceSources().front() ? " " : ", ") + std::string(source.id);
        if (source.source == ImportanceSpec::Source::Uniform)
            text += ":LEVEL";
        if (source.source == ImportanceSpec::Source::Random)
            text += ":SEED";
    }
    return text;
}

} // namespace

void DumpOptions::add(CLI::App& app)
{
    app.add_option("DUMP", paths, "A dump or a .pikv file")->required()->expected(1);
    addSettings(app);
}

void DumpOptions::addSeveral(CLI::App& app)
{
    app.add_option("DUMP", paths,
           "A dump or a .pikv file; of several each is measured, and their means with 95 % intervals are shown, too")
        ->required()
        ->expected(1, -1);
    addSettings(app);
}

void DumpOptions::addSettings(CLI::App& app)
{
    app.add_option("--importance", importance, sourcesHelp())->type_name("SOURCE")->capture_default_str();
    app.add_flag("--accept-nonfinite", acceptNonFinite,
        "Go on where the dump holds NaN or infinity: such elements are left out of every figure");
    source.add(app);
}

void DumpOptions::addCaches(CLI::App& app)
{
    app.add_option("--caches", caches,
           "Caches that a shared calibration serves: its bytes are spread over them in the amortised ratio")
        ->type_name("N")
        ->check(wholeNumber(1))
        ->capture_default_str();
}

void DumpOptions::addRepeat(CLI::App& app)
{
    app.add_option("--repeat", repeat,
           "Time encode and decode so many times: their medians are the times, and the fastest and slowest are told, "
           "too")
        ->type_name("N")
        ->check(wholeNumber(1, 1000))
        ->capture_default_str();
}

StudySettings DumpOptions::settings(const Invocation& invocation) const
{
    StudySettings settings;
    settings.importance = parseImportance(importance);
    settings.device = invocation.deviceChoice();
    (void)deviceName(settings.device); // refuses CUDA where there is none
    settings.seed = invocation.seed;
    settings.acceptNonFinite = acceptNonFinite;
    return settings;
}

Study DumpOptions::study(Invocation& invocation) const
{
    const StudySettings shared = settings(invocation); // a typing error is told before the dump is opened
    return Study(source.open(paths.front(), invocation), shared);
}

DumpsStudy DumpOptions::dumpsStudy(Invocation& invocation) const
{
    const StudySettings shared = settings(invocation);
    std::vector<CachePtr> dumps;
    for (const std::string& path : paths)
        dumps.push_back(source.open(path, invocation));
    return { std::move(dumps), shared };
}

} // namespace pikv::cli
