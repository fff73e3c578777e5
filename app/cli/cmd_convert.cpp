// SPDX-License-Identifier: GPL-3.0-or-later
// pikv convert: any dump that can be opened, written in one of the formats that other programs read.
#include "app/cli/command.h"
#include "app/cli/output.h"
#include "app/cli/session.h"
#include "core/base/text.h"
#include "core/dumps/dumps.h"
#include "core/formats/formatregistry.h"
#include <filesystem>
#include <memory>

namespace pikv::cli {
namespace {

struct Options {
    std::string input, output;
};

std::string writtenText()
{
    std::string text;
    for (const DumpFormat* format : writtenFormats())
        text += (text.empty() ? "" : ", ") + format->patterns.front().substr(1) + " (" + format->label + ")";
    return text;
}

void convert(const Options& options, Session& session)
{
    const CachePtr cache = openCache(options.input);
    checkOutputs({ { "--output", options.output } });
    for (const std::string& note : cacheInfo(*cache).notes)
        session.warn(note);
    const DumpFormat& format = writtenFormat(options.output);
    if (cacheInfo(*cache).hasQueries() && &format != writtenFormats().front())
        session.warn(
            "the queries of the dump are left out: " + format.patterns.front().substr(1) + " has no place for them");
    saveCache(*cache, options.output, session.job("Converting"));
    session.clearProgress();
    writeOutput(options.output + ": " + format.label + ", " + bytesText(std::filesystem::file_size(options.output))
        + ", " + cacheInfo(*cache).shapeText() + "\n");
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("FILE", options->input, "A dump in any format that is read, or a .pikv file")->required();
    app.add_option("-o,--output", options->output, "The dump to write; its suffix chooses the format: " + writtenText())
        ->required()
        ->type_name("DUMP");
    return [options](Session& session) { convert(*options, session); };
}

const Command command { 52, "convert", "Write a dump in another format: safetensors, torch.save, NumPy", addOptions };

} // namespace
} // namespace pikv::cli
