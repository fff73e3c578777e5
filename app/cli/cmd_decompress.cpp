// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/dumpoutput.h"
#include "app/cli/invocation.h"
#include "core/codec/container/containerformat.h"
#include "core/dumps/dumps.h"
#include <memory>

namespace pikv::cli {
namespace {

struct Options {
    std::string input, output;
};

void decompress(const Options& options, Invocation& invocation)
{
    const CachePtr cache = openCache(options.input, {}, invocation.job("Opening " + options.input));
    if (!ContainerFormat::isTitle(cacheInfo(*cache).format))
        throw inputError(options.input + " is not compressed (" + cacheInfo(*cache).format
            + "); decompress takes what 'pikv compress' wrote");
    writeDump(*cache, options.output, "Decompressing", invocation);
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("FILE", options->input, "The compressed cache (.pikv)")->required();
    app.add_option("-o,--output", options->output, "The dump to write; its suffix chooses the format, as for convert")
        ->required()
        ->type_name("DUMP");
    return [options](Invocation& invocation) { decompress(*options, invocation); };
}

const Command command { 50, "decompress", "Restore a dump from a .pikv file", addOptions };

} // namespace
} // namespace pikv::cli
