// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/invocation.h"
#include "app/cli/output.h"
#include "app/cli/wholenumber.h"
#include "core/dumps/generate.h"
#include <filesystem>
#include <memory>

namespace pikv::cli {
namespace {

struct Options {
    GenerateOptions shape;
    std::string dtype = "f16", output;
};

void generate(Options& options, Invocation& invocation)
{
    const auto dtype = dtypeFromName(options.dtype);
    if (!dtype || !isCacheDtype(*dtype))
        throw usageError("--dtype " + options.dtype + " is not one of f16, bf16, f32, f64");
    options.shape.dtype = *dtype;
    options.shape.seed = invocation.seed;
    generateCacheFile(options.shape, options.output, invocation.job("Generating " + options.output));
    const auto size = std::filesystem::file_size(options.output);
    invocation.note("wrote " + options.output + ", " + bytesText(size));
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    GenerateOptions& shape = options->shape;
    const auto number = [&](const char* name, std::int64_t& value, const char* help) {
        app.add_option(name, value, help)->type_name("N")->check(wholeNumber())->capture_default_str();
    };
    app.add_option("-o,--output", options->output, "The dump to write (.safetensors)")->required()->type_name("FILE");
    number("--layers", shape.layers, "Layers, 1 to 4096");
    number("--batch", shape.batch, "Sequences, 1 to 65536");
    number("--kv-heads", shape.kvHeads, "KV heads, 1 to 65536");
    number("--seq", shape.seq, "Tokens of a sequence, 1 to 2^31");
    number("--head-dim", shape.headDim, "Channels of a head, 1 to 65536");
    number("--value-dim", shape.valueDim, "Channels of a value head where they differ; 0: as --head-dim");
    number("--queries", shape.queries, "Query rows a layer, of the last tokens; 0: none");
    number("--query-heads", shape.queryHeads, "Query heads, a multiple of --kv-heads; 0: as --kv-heads");
    app.add_option("--rope-theta", shape.ropeTheta, "Base of the keys' rotation, above 1")
        ->type_name("X")
        ->capture_default_str();
    app.add_option("--dtype", options->dtype, "f16, bf16, f32 or f64")->type_name("TYPE")->capture_default_str();
    return [options](Invocation& invocation) { generate(*options, invocation); };
}

const Command command { 30, "generate", "Write a synthetic dump with the structure of real ones", addOptions };

} // namespace
} // namespace pikv::cli
