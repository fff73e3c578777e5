// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/output.h"
#include "app/cli/session.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/codec/container/containerformat.h"
#include "core/dumps/dumps.h"
#include <filesystem>
#include <memory>

namespace pikv::cli {
namespace {

struct Options {
    std::string input, output;
};

void decompress(const Options& options, Session& session)
{
    std::error_code error;
    // The whole container is held while its layers are decoded; where there is no file, opening it says so.
    if (const auto size = std::filesystem::file_size(options.input, error); !error)
        requireMemory(size, "decompressing " + options.input);
    const CachePtr cache = openCache(options.input);
    if (!ContainerFormat::isTitle(cacheInfo(*cache).format))
        throw inputError(options.input + " is not compressed (" + cacheInfo(*cache).format
            + "); decompress takes what 'pikv compress' wrote");
    checkOutputs({ { "--output", options.output } });
    saveCache(*cache, options.output, session.job("Decompressing"));
    session.clearProgress();
    writeOutput(options.output + ": " + bytesText(std::filesystem::file_size(options.output)) + ", "
        + cacheInfo(*cache).shapeText() + "\n");
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("FILE", options->input, "The compressed cache (.pikv)")->required();
    app.add_option("-o,--output", options->output, "The dump to write (.safetensors)")->required()->type_name("DUMP");
    return [options](Session& session) { decompress(*options, session); };
}

const Command command { 50, "decompress", "Restore a dump from a .pikv file", addOptions };

} // namespace
} // namespace pikv::cli
