// SPDX-License-Identifier: GPL-3.0-or-later
// pikv info: what a dump or a .pikv file is, without reading its tensors.
#include "app/cli/command.h"
#include "app/cli/dumpsource.h"
#include "app/cli/invocation.h"
#include "app/cli/output.h"
#include "core/base/text.h"
#include "core/cache/cachetext.h"
#include "core/dumps/dumps.h"
#include "core/eval/resultsio.h"
#include "core/formats/told.h"
#include <memory>
#include <nlohmann/json.hpp>

namespace pikv::cli {
namespace {

struct Options {
    std::string dump;
    DumpSource source;
    bool json = false, check = false;
};

std::string line(const std::string& name, const std::string& value)
{
    return value.empty() ? std::string() : name + std::string(14 - name.size(), ' ') + value + "\n";
}

std::string queriesText(const CacheInfo& info)
{
    if (!info.hasQueries())
        return "none: attention errors use the keys as stand-in queries";
    const LayerShape& layer = info.layers.front();
    return std::to_string(layer.queryCount) + " rows of "
        + countText(static_cast<std::uint64_t>(layer.queryHeads), "head") + " a layer";
}

std::string nonFiniteText(const NonFiniteReport& report)
{
    std::string text = "none";
    if (!report.clean())
        text = std::to_string(report.nan) + " NaN, " + std::to_string(report.infinite) + " infinite";
    for (const std::string& where : report.where)
        text += "\n" + std::string(14, ' ') + where;
    return text;
}

std::string notesText(const CacheInfo& info)
{
    std::string text;
    for (const std::string& note : info.notes)
        text += line("note", note);
    return text;
}

std::string partText(const CacheInfo& info)
{
    std::string text;
    for (const DumpPart& part : info.parts)
        text += (text.empty() ? "" : "\n" + std::string(14, ' ')) + part.id + ": " + part.label
            + (part.id == info.part ? " (read)" : "");
    return text;
}

std::string infoText(const CacheInfo& info)
{
    return line("file", info.path) + line("format", info.format)
        + line("model", info.model.empty() ? "unknown" : info.model) + line("shape", info.shapeText())
        + line("tokens", tokensText(info)) + line("queries", queriesText(info)) + line("layers", layerNumbersText(info))
        + line("rope", ropeText(info)) + line("part", partText(info)) + line("told by user", toldText(info.told))
        + line("importance", info.hasImportance ? "stored" : "not stored")
        + line("file size", bytesText(info.fileBytes))
        + line("16-bit size", bytesText(info.referenceBytes()) + ", the reference of every ratio")
        + line("text", info.text.empty() ? "" : inQuotes(info.text)) + notesText(info);
}

void show(const Options& options, Invocation& invocation)
{
    const CachePtr cache = options.source.open(options.dump, invocation);
    NonFiniteReport report;
    if (options.check)
        report = scanNonFinite(*cache, invocation.job("Checking " + options.dump));
    invocation.clearProgress();
    if (!options.json)
        return writeOutput(
            infoText(cacheInfo(*cache)) + (options.check ? line("non-finite", nonFiniteText(report)) : ""));
    auto json = nlohmann::ordered_json::parse(cacheInfoToJson(cacheInfo(*cache)));
    if (options.check)
        json.update({ { "nan", report.nan }, { "infinite", report.infinite }, { "non_finite_places", report.where } });
    writeOutput(json.dump(2) + "\n");
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("DUMP", options->dump, "A dump or a .pikv file")->required();
    app.add_flag("--check", options->check, "Read every tensor and count NaN and infinite elements");
    app.add_flag("--json", options->json, "Print one JSON object");
    options->source.add(app);
    return [options](Invocation& invocation) { show(*options, invocation); };
}

const Command command { 20, "info", "Show format, model, shapes, dtypes, tokens and sizes of a dump", addOptions };

} // namespace
} // namespace pikv::cli
