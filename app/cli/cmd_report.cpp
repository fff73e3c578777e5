// SPDX-License-Identifier: GPL-3.0-or-later
// pikv report: a page, a document or tables of what eval, next-token or sweep wrote.
#include "app/cli/charts.h"
#include "app/cli/command.h"
#include "app/cli/dumpsource.h"
#include "app/cli/invocation.h"
#include "app/cli/output.h"
#include "core/base/filehash.h"
#include "core/base/text.h"
#include "core/eval/resultsio.h"
#include "core/study/recorded.h"
#include "core/study/studyreport.h"
#include <filesystem>
#include <memory>

namespace pikv::cli {
namespace {

struct Options {
    DumpSource source;
    std::string results, dump, output, title;
};

/// A sweep's folder stands for its results.
std::string resultsFile(const std::string& path)
{
    std::error_code error;
    return std::filesystem::is_directory(path, error) ? path + "/results.json" : path;
}

StudyReport reportOf(const Options& options, const std::string& file, const std::vector<EvaluationResult>& results,
    Invocation& invocation)
{
    StudyReport report;
    report.title = options.title;
    if (!options.dump.empty()) {
        const CachePtr cache = options.source.open(options.dump, invocation);
        report.facts = dumpFacts(cacheInfo(*cache));
        report.facts.emplace_back("Fingerprint", fingerprintOf(*cache, nullptr, invocation.job("Fingerprint")));
    }
    for (const auto& fact : studyFacts(results))
        report.facts.push_back(fact);
    report.facts.emplace_back("XXH3-128 of " + std::filesystem::path(file).filename().string(), fileHash(file));
    report.tables = reportTables(results);
    return report;
}

void run(const Options& options, Invocation& invocation)
{
    const std::string& out = options.output;
    const bool isHtml = out.ends_with(".html"), isPdf = out.ends_with(".pdf");
    if (!isHtml && !isPdf && !out.ends_with(".md") && !out.ends_with(".tex"))
        throw usageError("the report " + inQuotes(out) + " must end in .html, .pdf, .md or .tex");
    if (isPdf && !canDrawCharts())
        throw usageError("this program writes no PDF: it was built without charts (PIKV_BUILD_GUI is OFF)");
    const std::string file = resultsFile(options.results);
    const std::vector<EvaluationResult> results = readResults(file);
    if (results.empty())
        throw inputError(file + " holds no results to report");
    const StudyReport report = reportOf(options, file, results, invocation);
    checkOutputs({ { "--output", out } });
    if (isHtml && !canDrawCharts())
        invocation.warn("the report has no charts: this program was built without (PIKV_BUILD_GUI is OFF)");
    writeFileAtomic(out,
        isHtml || isPdf            ? drawReport(report, results, isPdf)
            : out.ends_with(".md") ? reportMarkdown(report)
                                   : reportLatex(report));
    invocation.note("wrote " + out);
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    options->title = "KV-cache compression";
    app.add_option("RESULTS", options->results,
           "A table or JSON file that eval, next-token or sweep wrote, or a sweep's folder")
        ->required();
    app.add_option("-o,--output", options->output, "One page (.html), a document (.pdf), or tables alone (.md, .tex)")
        ->required()
        ->type_name("FILE");
    options->source.add(app);
    app.add_option("--dump", options->dump, "The dump, for its facts and its fingerprint")->type_name("DUMP");
    app.add_option("--title", options->title, "What the report is called")->type_name("TEXT")->capture_default_str();
    return [options](Invocation& invocation) { run(*options, invocation); };
}

const Command command { 85, "report", "Write a page, a document or tables of results for others to read", addOptions };

} // namespace
} // namespace pikv::cli
