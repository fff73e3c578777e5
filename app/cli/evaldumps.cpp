// SPDX-License-Identifier: GPL-3.0-or-later
// pikv eval of several dumps. What was finished before a failure or an interruption is shown and written.
#include "app/cli/evaloptions.h"
#include "app/cli/invocation.h"
#include "app/cli/output.h"
#include "app/cli/resulttable.h"
#include "core/base/text.h"
#include "core/eval/problem.h"
#include "core/eval/resultsio.h"
#include "core/study/dumpstables.h"
#include <memory>

namespace pikv::cli {
namespace {

/// Several dumps: the same points on each, and what they come to.
class DumpsRun {
public:
    DumpsRun(const EvalOptions& options, Invocation& invocation)
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
        for (const DumpResults& dump : m_dumps)
            warnOfAlike(dump.results, m_invocation);
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

    const EvalOptions& m_options;
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

void checkSeveral(const EvalOptions& options)
{
    for (const auto& [name, given] :
        { std::pair("--per-layer", options.perLayer), std::pair("--receipt", !options.receipt.empty()) })
        if (given)
            throw usageError(std::string(name) + " takes one dump; there are "
                + std::to_string(options.dump.paths.size()) + ": run eval for each");
}

} // namespace

void evalDumps(const EvalOptions& options, Invocation& invocation)
{
    checkSeveral(options);
    DumpsRun(options, invocation).run();
}

} // namespace pikv::cli
