// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/dumpoptions.h"
#include "app/cli/output.h"
#include "app/cli/resulttable.h"
#include "app/cli/session.h"
#include "core/base/filesource.h"
#include "core/base/memory.h"
#include "core/eval/memoryneed.h"
#include "core/formats/safetensors.h"
#include <memory>

namespace pikv::cli {
namespace {

struct Options {
    DumpOptions dump;
    std::string spec, output;
};

/// Bytes of every section, as the file's own header tells them; what is left is the header.
std::vector<std::pair<std::string, std::uint64_t>> sectionsOf(const std::string& path)
{
    const FileSource file(path);
    std::vector<std::pair<std::string, std::uint64_t>> sections;
    std::uint64_t rest = file.size();
    for (const TensorEntry& tensor : readSafetensors(file).tensors) {
        sections.emplace_back(tensor.name, tensor.bytes);
        rest -= tensor.bytes;
    }
    sections.emplace_back("header", rest);
    return sections;
}

void compress(const Options& options, Session& session)
{
    const MethodSpec method = parseSpec(options.spec);
    EvaluationRequest request = options.dump.request(session);
    request.method = method;
    refuseSameFile(options.dump.path, options.output, "--output");
    checkMethod(method, *request.cache);
    checkWritable(options.output);
    requireMemory(compressionMemory(request), "compressing " + options.dump.path + " with " + method.id);
    const std::uint64_t stored = compressFile(request, options.output, session.job(printSpec(method)));
    session.clearProgress();
    const double original = double(cacheInfo(*request.cache).referenceBytes());
    const std::string summary = options.output + ": " + bytesText(stored) + " for "
        + bytesText(cacheInfo(*request.cache).referenceBytes()) + " at 16 bits (ratio "
        + figureText(double(stored) / original) + ", " + figureText(16 * double(stored) / original)
        + " bits an element)\n";
    writeOutput(summary + breakdownTable(sectionsOf(options.output)));
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    options->dump.add(app);
    app.add_option("--with", options->spec, "The method: id:param=value,…")->required()->type_name("SPEC");
    app.add_option("-o,--output", options->output, "The compressed cache to write (.pikv)")
        ->required()
        ->type_name("FILE");
    return [options](Session& session) { compress(*options, session); };
}

const Command command { 40, "compress", "Compress a dump to a .pikv file", addOptions };

} // namespace
} // namespace pikv::cli
