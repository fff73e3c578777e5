// SPDX-License-Identifier: GPL-3.0-or-later
// pikv eval: methods measured on a dump, one after the other. What was finished before a failure or an interruption is
// shown and written.
#include "app/cli/command.h"
#include "app/cli/dumpoptions.h"
#include "app/cli/historyuse.h"
#include "app/cli/invocation.h"
#include "app/cli/modeloptions.h"
#include "app/cli/output.h"
#include "app/cli/protectoption.h"
#include "app/cli/resulttable.h"
#include "core/base/filesource.h"
#include "core/base/text.h"
#include "core/eval/alike.h"
#include "core/eval/problem.h"
#include "core/eval/resultsio.h"
#include "core/study/choices.h"
#include "core/study/dumpstables.h"
#include "core/study/receipt.h"
#include "core/study/studyreport.h"
#include <algorithm>
#include <memory>
#include <optional>

namespace pikv::cli {
namespace {

struct Options {
    DumpOptions dump;
    DumpModelOptions model;
    HistoryOption history;
    ProtectOption protect;
    std::vector<std::string> specs;
    bool perLayer = false, ledger = false, provenance = false;
    std::string csv, json, receipt;
};

/// Throws Error{Usage} where the method cannot do this with the dump, which is named among several.
void requireFit(const MethodSpec& method, const CacheInfo& dump, bool several)
{
    try {
        checkMethod(method, dump);
    } catch (const Error& e) {
        throw Error(e.kind(), (several ? dump.path + ": " : std::string()) + e.what());
    }
}

/// Asked for by name, every method must fit every dump; of the opening comparison those that do not are left out.
std::vector<MethodSpec> chosenMethods(
    const Options& options, const std::vector<CachePtr>& dumps, Invocation& invocation)
{
    std::vector<MethodSpec> methods;
    for (const std::string& text : options.specs)
        methods.push_back(parseSpec(text));
    methods = options.protect.applied(methods);
    for (const MethodSpec& method : methods)
        for (const CachePtr& dump : dumps)
            requireFit(method, cacheInfo(*dump), dumps.size() > 1);
    if (!options.specs.empty())
        return methods;
    methods = openingComparison();
    if (!options.model.model.empty())
        methods.push_back(recomputeMethod(options.model.model));
    methods = options.protect.applied(methods);
    for (const CachePtr& dump : dumps)
        methods = fittingMethods(methods, cacheInfo(*dump),
            [&](const MethodSpec&, const Problem& problem) { invocation.warn("left out: " + problem.message); });
    return methods;
}

/// The head of the CSV, where it is asked for.
std::string provenanceOf(const Options& options, const std::vector<std::pair<CachePtr, std::string>>& fingerprints,
    const std::vector<EvaluationResult>& results)
{
    if (!options.provenance)
        return {};
    ReportFacts facts;
    for (const auto& [dump, fingerprint] : fingerprints) {
        for (const auto& fact : dumpFacts(cacheInfo(*dump)))
            facts.push_back(fact);
        facts.emplace_back("Fingerprint", fingerprint);
    }
    for (const auto& fact : studyFacts(results))
        facts.push_back(fact);
    return provenanceLines(facts);
}

void writeResults(const Options& options, const CachePtr& cache, const std::string& fingerprint,
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

void writeReceipt(const Options& options, const Study& study, const std::string& fingerprint,
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
Outcome evaluateAll(const Study& study, const std::vector<MethodSpec>& methods, const Options& options,
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

/// Several dumps: the same points on each, and what they come to.
class DumpsRun {
public:
    DumpsRun(const Options& options, Invocation& invocation)
        : m_options(options)
        , m_invocation(invocation)
        , m_study(options.dump.dumpsStudy(invocation))
        , m_dumps(m_study.noResults())
    {
    }

    void run()
    {
        const auto methods = chosenMethods(m_options, m_study.dumps(), m_invocation);
        const ModelPtr held = m_options.model.load(m_study.dumps(), m_invocation); // each test takes the same one
        checkOutputs({ { "--csv", m_options.csv }, { "--json", m_options.json } });
        m_history = openHistory(m_options.history, m_invocation);
        try {
            m_study.run(sweepPoints(methods, { m_study.settings().importance }),
                { {}, false, nullptr, m_options.model.klShares, m_options.dump.repeat },
                { [this](std::size_t dump, const Study& study, const JobControl&) { return toolsOf(dump, study); },
                    [this](std::size_t dump, const EvaluationResult& result) { add(dump, result); },
                    [this](std::size_t dump, const SweepPoint& point, const Problem& problem) {
                        fail(dump, point, problem);
                    } },
                m_invocation.job());
        } catch (...) {
            m_failures.assign(1, currentProblem()); // what was finished is still written
            m_ended = true;
        }
        m_invocation.clearProgress();
        noteRemembered(m_remembered, m_results.size(), m_invocation);
        if (!m_results.empty() || m_failures.empty())
            write();
        rethrow(methods.size() * m_dumps.size());
    }

private:
    DumpsStudy::Tools toolsOf(std::size_t dump, const Study& study)
    {
        const Recorder recorder = recorderOf(m_history, study, m_invocation);
        if (m_options.provenance)
            m_fingerprints.emplace_back(study.cache(), fingerprintOf(recorder, study, m_invocation));
        const auto test = m_options.model.open(study, m_invocation);
        if (m_options.model.control)
            m_dumps[dump].results.push_back(study.control(*test, m_invocation.job("Control")));
        return { test, recorder };
    }
    void add(std::size_t dump, EvaluationResult result)
    {
        result.sharedCaches = m_options.dump.caches;
        for (const std::string& warning : result.warnings)
            m_invocation.warn(warning);
        m_remembered += result.measured.empty() ? 0 : 1;
        m_results.push_back(result);
        m_dumps[dump].results.push_back(std::move(result));
    }
    void fail(std::size_t dump, const SweepPoint& point, const Problem& problem)
    {
        m_invocation.warn("left out: " + pointText(point) + " on " + m_dumps[dump].name + ": " + problem.message);
        m_failures.push_back(problem);
    }
    void write() const
    {
        const auto means = meansOverDumps(m_dumps, m_invocation.seed);
        if (m_options.csv != "-" && m_options.json != "-")
            writeOutput(resultTable(m_dumps, means)
                + (m_options.ledger ? "\nbytes\n" + ledgerTable(m_results) : std::string()));
        if (!m_options.csv.empty())
            writeResult(m_options.csv, provenanceOf(m_options, m_fingerprints, m_results) + dumpsToCsv(m_dumps, means));
        if (!m_options.json.empty())
            writeResult(m_options.json, dumpsToJson(m_dumps, means, m_invocation.seed));
    }
    void rethrow(std::size_t asked) const
    {
        if (m_failures.empty())
            return;
        const Problem& first = m_failures.front();
        throw Error(first.kind,
            (m_ended ? ""
                     : std::to_string(m_results.size()) + " of " + countText(asked, "result") + ", "
                        + std::to_string(m_failures.size()) + " failed; the first: ")
                + first.message);
    }

    const Options& m_options;
    Invocation& m_invocation;
    const DumpsStudy m_study;
    std::vector<DumpResults> m_dumps;
    std::vector<EvaluationResult> m_results; ///< of all dumps
    std::vector<std::pair<CachePtr, std::string>> m_fingerprints;
    std::vector<Problem> m_failures;
    std::shared_ptr<ResultStore> m_history;
    std::size_t m_remembered = 0;
    bool m_ended = false;
};

void checkSeveral(const Options& options)
{
    for (const auto& [name, given] :
        { std::pair("--per-layer", options.perLayer), std::pair("--receipt", !options.receipt.empty()) })
        if (given)
            throw usageError(std::string(name) + " takes one dump; there are "
                + std::to_string(options.dump.paths.size()) + ": run eval for each");
}

void run(const Options& options, Invocation& invocation)
{
    if (options.csv == "-" && options.json == "-")
        throw usageError("--csv and --json cannot both go to standard output; give one of them a file");
    for (const std::string& text : options.specs)
        (void)parseSpec(text); // a typing error is told before the dump is opened
    (void)options.protect.applied({});
    if (options.dump.isSeveral()) {
        checkSeveral(options);
        return DumpsRun(options, invocation).run();
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
    if (const std::string warning = alikeWarning(outcome.results); !warning.empty())
        invocation.warn(warning);
    if (!outcome.rows().empty() || outcome.failures.empty())
        writeResults(options, study.cache(), fingerprint, outcome.rows());
    if (!options.receipt.empty() && !outcome.results.empty())
        writeReceipt(options, study, fingerprint, outcome.results, history.get(), invocation);
    outcome.rethrow(methods.size());
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
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

const Command command { 60, "eval", "Measure methods on a dump or several: size, speed and errors", addOptions };

} // namespace
} // namespace pikv::cli
