// SPDX-License-Identifier: GPL-3.0-or-later
// pikv capture: a text prefilled by a language model, and its cache written as a dump.
#include "app/cli/command.h"
#include "app/cli/dumpoutput.h"
#include "app/cli/invocation.h"
#include "app/cli/modeloptions.h"
#include "app/cli/output.h"
#include "app/cli/wholenumber.h"
#include "core/dumps/dumps.h"
#include <filesystem>
#include <memory>

namespace pikv::cli {
namespace {

struct Options {
    std::string model, dtype = "f16", output;
    TextOptions text;
    std::int64_t tokens = 0, queries = 32;
};

void capture(const Options& options, Invocation& invocation)
{
    const auto dtype = dtypeFromName(options.dtype);
    if (!dtype)
        throw usageError("--dtype " + options.dtype + " is not one of f16, bf16, f32");
    const std::string text = options.text.read();
    CaptureRequest request;
    request.model = loadModel(options.model, invocation);
    checkOutputs({ { "--output", options.output } });
    request.dtype = *dtype;
    const Tokens tokens = tokenize(*request.model, text, static_cast<std::size_t>(options.tokens));
    if (tokens.droppedBytes > 0)
        invocation.warn(
            std::to_string(tokens.droppedBytes) + " bytes of the text were left out: the model has no token for them");
    if (options.tokens > 0 && static_cast<std::int64_t>(tokens.ids.size()) < options.tokens)
        throw inputError("--tokens asks for " + std::to_string(options.tokens) + "; the text has "
            + std::to_string(tokens.ids.size()));
    request.tokens = tokens.ids;
    request.queries = std::min(options.queries, static_cast<std::int64_t>(tokens.ids.size()));
    const CachePtr cache = captureCache(request, invocation.job("Capturing"));
    saveDump(*cache, options.output, "Writing " + options.output, invocation);
    invocation.note("wrote " + options.output + ", " + cacheInfo(*cache).shapeText() + ", "
        + bytesText(std::filesystem::file_size(options.output)));
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    addModelOption(app, options->model);
    options->text.add(app);
    app.add_option("--tokens", options->tokens, "Tokens to prefill, from the start of the text; 0: all")
        ->type_name("N")
        ->check(wholeNumber());
    app.add_option("--queries", options->queries, "Last positions whose queries are stored; 0: none")
        ->type_name("N")
        ->check(wholeNumber())
        ->capture_default_str();
    app.add_option("--dtype", options->dtype, "f16, bf16 or f32")->type_name("TYPE")->capture_default_str();
    app.add_option("-o,--output", options->output, "The dump to write; its suffix chooses the format, as for convert")
        ->required()
        ->type_name("FILE");
    return [options](Invocation& invocation) { capture(*options, invocation); };
}

const Command command { 35, "capture", "Prefill a text with a language model and write its cache", addOptions };

} // namespace
} // namespace pikv::cli
