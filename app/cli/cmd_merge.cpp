// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/invocation.h"
#include "core/base/text.h"
#include "core/study/shard.h"
#include <memory>

namespace pikv::cli {
namespace {

struct Options {
    std::vector<std::string> folders;
    std::string target;
};

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("DIR", options->folders, "The folders of all shards, in any order")->required();
    app.add_option("-o,--output", options->target, "Folder for the whole sweep")->required()->type_name("DIR");
    return [options](Invocation& invocation) {
        const MergedSweep merged = mergeShards(options->folders, options->target);
        invocation.note("wrote " + options->target + "/results.csv, results.json, pareto.csv ("
            + countText(merged.results, "result") + " of " + countText(merged.points, "point") + ")");
    };
}

const Command command { 72, "merge", "Join the folders of a sweep's shards (sweep --shard)", addOptions };

} // namespace
} // namespace pikv::cli
