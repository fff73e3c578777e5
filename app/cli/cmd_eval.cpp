// SPDX-License-Identifier: GPL-3.0-or-later
// pikv eval: methods measured on a dump, one after the other. What was finished before a failure or an interruption is
// shown and written.
#include "app/cli/command.h"
#include "app/cli/evaloptions.h"
#include "app/cli/invocation.h"
#include "app/cli/output.h"
#include "app/cli/resulttable.h"
#include "core/base/filesource.h"
#include "core/base/text.h"
#include "core/eval/problem.h"
#include "core/eval/resultsio.h"
#include "core/study/receipt.h"
#include <algorithm>
#include <memory>
#include <optional>

namespace pikv::cli {
namespace {

void writeResults(const EvalOptions& options, const CachePtr& cache, const std::string& fingerprint,
    const std::vector<EvaluationResult>& results)
{
    const std::string head = provenanceOf(options, { { cache, fingerprint } }, results);
    if (options.csv != "-" && options.json != "-") {
        std::string text = resultTable(results);
        for (const EvaluationResult& result : results)
            if (options.perLayer && !result.control)
                text += "\n" + rowName(result) + "\n" + layerTable(result);
        if (options.ledger)
            text += "\nbytes\n" + ledgerTable(results);
        writeOutput(text);
    }
    if (!options.csv.empty())
        writeResult(options.csv, head + (options.perLayer ? layersToCsv(results) : resultsToCsv(results)));
    if (!options.json.empty())
        writeResult(options.json, resultsToJson(cacheInfo(*cache), results, options.perLayer));
}

void writeReceipt(const EvalOptions& options, const Study& study, const std::string& fingerprint,
    const std::vector<EvaluationResult>& results, ResultStore* history, Invocation& invocation)
{
    ReceiptModel model;
    if (!options.model.model.empty())
        model = { options.model.path(), hashOfFile(options.model.path(), history, invocation.job("Hashing")),
            options.model.positions(study.info()) };
    writeResult(options.receipt,
        receiptToJson(receiptOf(study, fingerprint, model, results, history, invocation.job("Receipt"))));
}

/// What was measured, and why not everything was.
struct Outcome {
    std::optional<EvaluationResult> control;
    std::vector<EvaluationResult> results;
    std::vector<Problem> failures; ///< of single methods
    bool ended = false; ///< by an interruption, or with the dump: nothing after it can be had

    void fail(const Problem& problem)
    {
        if (problem.kind == ErrorKind::Cancelled)
            failures.clear(); // the exit status tells of the interruption
        failures.push_back(problem);
        ended = ended || problem.kind == ErrorKind::Cancelled;
    }
    std::vector<EvaluationResult> rows() const
    {
        std::vector<EvaluationResult> all = results;
        if (control)
            all.insert(all.begin(), *control);
        return all;
    }
    /// Throws what the exit status is to say.
    void rethrow(std::size_t asked) const
    {
        if (failures.empty())
            return;
        const Problem& first = failures.front();
        const std::string count = std::to_string(results.size()) + " of " + countText(asked, "method") + ", "
            + std::to_string(failures.size()) + " failed; the first: ";
        throw Error(first.kind, (asked == 1 || ended ? "" : count) + first.message);
    }
};

/// The control first, where it is asked for. Then evaluates in order; a method that fails is left out.
Outcome evaluateAll(const Study& study, const std::vector<MethodSpec>& methods, const EvalOptions& options,
    const Recorder& recorder, NextTokenSession* nextToken, Invocation& invocation)
{
    Outcome outcome;
    const auto asked = std::to_string(methods.size());
    try {
        if (options.model.control)
            outcome.control = study.control(*nextToken, invocation.job("Control"));
        study.prepareImportance(invocation.job("Importance"));
    } catch (...) {
        outcome.fail(currentProblem());
        return outcome;
    }
    for (std::size_t i = 0; i < methods.size() && !outcome.ended; ++i) {
        const std::string name = printSpec(methods[i]);
        try {
            outcome.results.push_back(recorder.evaluate(study, methods[i],
                { {}, options.perLayer, nextToken, options.model.klShares, options.dump.repeat },
                invocation.job(name + " (" + std::to_string(i + 1) + "/" + asked + ")")));
            outcome.results.back().sharedCaches = options.dump.caches;
            for (const std::string& warning : outcome.results.back().warnings)
                invocation.warn(warning);
        } catch (const SourceChangedError& e) {
            outcome.ended = true;
            outcome.failures.assign(1, { e.kind(), e.what() });
        } catch (...) {
            outcome.fail(currentProblem());
            if (methods.size() > 1 && !outcome.ended)
                invocation.warn("left out: " + name + ": " + outcome.failures.back().message);
        }
    }
    return outcome;
}

void run(const EvalOptions& options, Invocation& invocation)
{
    if (options.csv == "-" && options.json == "-")
        throw usageError("--csv and --json cannot both go to standard output; give one of them a file");
    for (const std::string& text : options.specs)
        (void)parseSpec(text); // a typing error is told before the dump is opened
    (void)options.protect.applied({});
    if (options.dump.isSeveral()) {
        return evalDumps(options, invocation);
    }
    const Study study = options.dump.study(invocation);
    const auto methods = chosenMethods(options, { study.cache() }, invocation);
    const auto nextToken = options.model.open(study, invocation);
    checkOutputs({ { "--csv", options.csv }, { "--json", options.json }, { "--receipt", options.receipt } });
    const auto history = openHistory(options.history, invocation);
    const Recorder recorder = recorderOf(history, study, invocation);
    // Before the work: an interruption would stop it afterwards, and what was finished is still to be written.
    const std::string fingerprint
        = options.provenance || !options.receipt.empty() ? fingerprintOf(recorder, study, invocation) : "";
    const Outcome outcome = evaluateAll(study, methods, options, recorder, nextToken.get(), invocation);
    invocation.clearProgress();
    const auto remembered = std::count_if(outcome.results.begin(), outcome.results.end(),
        [](const EvaluationResult& result) { return !result.measured.empty(); });
    noteRemembered(static_cast<std::size_t>(remembered), outcome.results.size(), invocation);
    warnOfAlike(outcome.results, invocation);
    if (!outcome.rows().empty() || outcome.failures.empty())
        writeResults(options, study.cache(), fingerprint, outcome.rows());
    if (!options.receipt.empty() && !outcome.results.empty())
        writeReceipt(options, study, fingerprint, outcome.results, history.get(), invocation);
    outcome.rethrow(methods.size());
}

Command::Action addEvalOptions(CLI::App& app)
{
    const auto options = std::make_shared<EvalOptions>();
    options->dump.addSeveral(app);
    options->dump.addCaches(app);
    options->dump.addRepeat(app);
    options->model.add(app);
    options->model.addControl(app);
    options->history.add(app);
    options->protect.add(app);
    app.add_option("--with", options->specs,
           "A method, id:param=value,…; may be given several times (default: the opening comparison)")
        ->type_name("SPEC")
        ->allow_extra_args(false);
    app.add_flag(
        "--per-layer", options->perLayer, "Figures of every layer and head too; the CSV then has one row for each");
    app.add_flag("--ledger", options->ledger,
        "Also what the bytes of each method are for, and its ratio as its authors count it; files always hold it");
    app.add_option("--csv", options->csv, "Write the results as CSV; '-': to standard output, alone")
        ->type_name("FILE");
    app.add_option("--json", options->json, "Write the results as JSON; '-': to standard output, alone")
        ->type_name("FILE");
    app.add_flag("--provenance", options->provenance,
        "Begin the CSV with lines that start with '#': dump, fingerprint, settings, engine, machine");
    app.add_option("--receipt", options->receipt,
           "Write a receipt: the figures with hashes of all that they depend on, for pikv verify")
        ->type_name("FILE");
    return [options](Invocation& invocation) { run(*options, invocation); };
}

const Command command { 60, "eval", "Measure methods on a dump or several: size, speed and errors", addEvalOptions };

} // namespace
} // namespace pikv::cli
