// SPDX-License-Identifier: GPL-3.0-or-later
// pikv convert: any dump that can be opened, written in one of the formats that other programs read.
#include "app/cli/command.h"
#include "app/cli/dumpoutput.h"
#include "app/cli/dumpsource.h"
#include "app/cli/invocation.h"
#include "core/formats/formatregistry.h"
#include <memory>

namespace pikv::cli {
namespace {

struct Options {
    std::string input, output;
    DumpSource source;
};

std::string writtenText()
{
    std::string text;
    for (const DumpFormat* format : writtenFormats())
        text += (text.empty() ? "" : ", ") + format->patterns.front().substr(1) + " (" + format->label + ")";
    return text;
}

void convert(const Options& options, Invocation& invocation)
{
    const CachePtr cache = options.source.open(options.input, invocation);
    for (const std::string& note : cacheInfo(*cache).notes)
        invocation.warn(note);
    writeDump(*cache, options.output, "Converting", invocation);
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("FILE", options->input, "A dump in any format that is read, or a .pikv file")->required();
    app.add_option("-o,--output", options->output, "The dump to write; its suffix chooses the format: " + writtenText())
        ->required()
        ->type_name("DUMP");
    options->source.add(app);
    return [options](Invocation& invocation) { convert(*options, invocation); };
}

const Command command { 52, "convert", "Write a dump in another format: safetensors, torch.save, NumPy, llama.cpp",
    addOptions };

} // namespace
} // namespace pikv::cli
