// SPDX-License-Identifier: GPL-3.0-or-later
// pikv verify: the figures of a receipt measured again, never looked up, and held against what it says.
#include "app/cli/command.h"
#include "app/cli/dumpsource.h"
#include "app/cli/invocation.h"
#include "app/cli/modeloptions.h"
#include "app/cli/output.h"
#include "app/cli/texttable.h"
#include "core/base/text.h"
#include "core/eval/engineid.h"
#include "core/eval/figuretext.h"
#include "core/study/receipt.h"
#include <filesystem>
#include <memory>

namespace pikv::cli {
namespace {

struct Options {
    DumpSource source;
    std::string receipt, dump, model;
    double tolerance = 1e-3;
};

/// As it was written, else beside the receipt.
std::string placeOf(const std::string& path, const std::string& receipt)
{
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path beside = fs::path(receipt).parent_path() / fs::path(path).filename();
    return !fs::exists(path, error) && fs::exists(beside, error) ? beside.string() : path;
}

/// Counts what agrees while it writes the table.
struct Verdict {
    TextTable table { { "<method", "<figure", "receipt", "now", "<agrees" } };
    std::size_t figures = 0, disagreeing = 0;

    void add(const ReceiptResult& then, const EvaluationResult& now, double tolerance)
    {
        for (const FigureCheck& check : checkFigures(then, now)) {
            table.add({ printSpec(then.method), check.metric, figureText(check.then), figureText(check.now),
                agreementText(check.difference, tolerance) });
            ++figures;
            disagreeing += check.difference > tolerance ? 1 : 0;
        }
    }
};

std::shared_ptr<NextTokenSession> testOf(const Receipt& receipt, const Study& study, Invocation& invocation)
{
    if (receipt.model.path.empty())
        return nullptr;
    return study.openNextToken(
        loadModel(receipt.model.path, invocation), receipt.model.predict, false, invocation.job("Baseline"));
}

void run(const Options& options, Invocation& invocation)
{
    Receipt receipt = readReceipt(options.receipt);
    if (!options.model.empty() && !receipt.model.path.empty())
        receipt.model.path = resolveModel(options.model);
    else if (!receipt.model.path.empty())
        receipt.model.path = placeOf(receipt.model.path, options.receipt);
    const std::string dump = options.dump.empty() ? placeOf(receipt.dump, options.receipt) : options.dump;
    const Study study(options.source.open(dump, invocation), receipt.settings);
    if (receipt.engine != engineId())
        invocation.note("the receipt is of another engine: " + receipt.engine + "; this is " + engineId());
    const auto mismatches = receiptMismatches(receipt, study, nullptr, invocation.job("Hashes"));
    for (const std::string& sentence : mismatches)
        invocation.warn(sentence);
    const auto test = testOf(receipt, study, invocation);
    Verdict verdict;
    for (const ReceiptResult& result : receipt.results)
        verdict.add(result,
            study.evaluate(result.method, { {}, false, test.get() }, invocation.job(printSpec(result.method))),
            options.tolerance);
    invocation.clearProgress();
    writeOutput(verdict.table.text());
    if (verdict.disagreeing > 0 || !mismatches.empty())
        throw Error(ErrorKind::Internal, // exit status 1
            "the receipt does not hold: " + std::to_string(verdict.disagreeing) + " of "
                + countText(verdict.figures, "figure") + " differ by more than " + figureText(options.tolerance)
                + (mismatches.empty() ? "" : ", and " + mismatches.front()));
    invocation.note("the receipt of " + receipt.time + " holds: " + countText(verdict.figures, "figure")
        + " measured again, all within " + figureText(options.tolerance));
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("RECEIPT", options->receipt, "What eval --receipt wrote")->required();
    options->source.add(app);
    app.add_option("--dump", options->dump, "The dump, where it lies elsewhere now")->type_name("DUMP");
    app.add_option("--model", options->model, "The model, where it lies elsewhere now")->type_name("MODEL");
    app.add_option("--tolerance", options->tolerance,
           "How much a figure may differ, as a share of it: other processors round otherwise")
        ->type_name("SHARE")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    return [options](Invocation& invocation) { run(*options, invocation); };
}

const Command command { 77, "verify", "Measure the figures of a receipt again; exit status 1 where they do not agree",
    addOptions };

} // namespace
} // namespace pikv::cli
