// SPDX-License-Identifier: GPL-3.0-or-later
// pikv compress: a dump becomes a .pikv file; what each of its sections takes is told from the file itself.
#include "app/cli/command.h"
#include "app/cli/dumpoptions.h"
#include "app/cli/invocation.h"
#include "app/cli/output.h"
#include "app/cli/resulttable.h"
#include "core/base/filesource.h"
#include "core/codec/registry.h"
#include "core/eval/figuretext.h"
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

void compress(const Options& options, Invocation& invocation)
{
    const MethodSpec method = parseSpec(options.spec);
    const Study study = options.dump.study(invocation);
    checkMethod(method, study.info());
    checkOutputs({ { "--output", options.output } });
    const std::uint64_t stored = study.compress(method, options.output, invocation.job(printSpec(method)));
    invocation.clearProgress();
    const std::uint64_t original = study.info().referenceBytes();
    const double ratio = double(stored) / double(original);
    const std::string summary = options.output + ": " + bytesText(stored) + " for " + bytesText(original)
        + " at 16 bits (ratio " + figureText(ratio) + ", " + figureText(16 * ratio) + " bits an element)\n";
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
    return [options](Invocation& invocation) { compress(*options, invocation); };
}

const Command command { 40, "compress", "Compress a dump to a .pikv file", addOptions };

} // namespace
} // namespace pikv::cli
