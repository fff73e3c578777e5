// SPDX-License-Identifier: GPL-3.0-or-later
// pikv next-token: texts split into context and continuation, the context compressed, the continuation scored.
#include "app/cli/command.h"
#include "app/cli/invocation.h"
#include "app/cli/modeloptions.h"
#include "app/cli/output.h"
#include "app/cli/protectoption.h"
#include "app/cli/texttable.h"
#include "app/cli/wholenumber.h"
#include "core/base/text.h"
#include "core/eval/figuretext.h"
#include "core/eval/nexttokenjson.h"
#include "core/eval/resultsio.h"
#include "core/model/textfile.h"
#include "core/study/choices.h"
#include "core/study/study.h"
#include "core/study/textdumps.h"
#include <algorithm>
#include <cmath>
#include <exception>
#include <memory>
#include <utility>

namespace pikv::cli {
namespace {

struct Options {
    std::string model, text, importance = "none", dtype = "f16", csv, json;
    std::vector<std::string> files, specs;
    ProtectOption protect;
    std::string contexts = "512";
    std::int64_t predict = 128, queries = 32, greedy = 0;
    bool compressContinuation = false, control = false, klShares = false;
};

/// What is the same at every context; its texts are those of textsOf().
NextTokenSetup setupOf(const Options& options, Invocation& invocation)
{
    if (options.files.empty() == options.text.empty())
        throw usageError("give --text or one or several --text-file");
    const auto dtype = dtypeFromName(options.dtype);
    if (!dtype)
        throw usageError("--dtype " + options.dtype + " is not one of f16, bf16, f32");
    NextTokenSetup setup;
    setup.queries = options.queries;
    setup.dtype = *dtype;
    setup.compressContinuation = options.compressContinuation;
    setup.model = loadModel(options.model, invocation);
    return setup;
}

std::vector<NextTokenText> textsOf(const Options& options, const LanguageModel& model, std::int64_t context)
{
    std::vector<NextTokenText> texts;
    if (!options.text.empty())
        texts.push_back(splitText(model, "--text", options.text, context, options.predict));
    for (const std::string& file : options.files)
        texts.push_back(splitText(model, file, readPrompt(file), context, options.predict));
    return texts;
}

std::string scoreText(const MetricInfo& metric, const NextTokenSummary& summary)
{
    const std::string text = figureText(metric.score(summary));
    if (const auto [low, high] = metric.scoreInterval(summary); !std::isnan(low))
        return low == high ? text : text + " [" + figureText(low) + ", " + figureText(high) + "]";
    return metric.withoutError ? text : text + " ± " + figureText(metric.scoreError(summary));
}

/// What was measured of any.
std::vector<const MetricInfo*> columnsOf(const std::vector<NextTokenResult>& results)
{
    std::vector<const MetricInfo*> columns = nextTokenMetrics(false);
    std::erase_if(columns, [&](const MetricInfo* metric) {
        return std::all_of(results.begin(), results.end(),
            [&](const auto& result) { return std::isnan(metric->score(result.summary)); });
    });
    return columns;
}

std::string table(const std::vector<NextTokenResult>& results)
{
    std::vector<std::string> titles { "method", "stored bytes", "ratio" };
    const auto columns = columnsOf(results);
    for (const MetricInfo* metric : columns)
        titles.emplace_back(metric->shortLabel);
    TextTable out(titles);
    for (const NextTokenResult& r : results) {
        std::vector<std::string> row { r.control ? controlName : printSpec(r.request.method), bytesText(r.storedBytes),
            figureText(double(r.storedBytes) / double(r.originalBytes)) };
        for (const MetricInfo* metric : columns)
            row.push_back(scoreText(*metric, r.summary));
        out.add(std::move(row));
    }
    const NextTokenSummary& s = results.front().summary;
    return out.text() + std::to_string(s.positions) + " positions of " + std::to_string(s.texts)
        + (s.texts == 1 ? " text; standard errors take positions for independent and are too small"
                        : " texts; in brackets 95 % bootstrap intervals over texts")
        + (results.front().compressContinuation ? "; the continuation's own cache is compressed, too\n"
                                                : "; the continuation's own cache is not compressed\n");
}

void writeGreedy(
    const Options& options, NextTokenSession& test, const std::vector<NextTokenMethod>& methods, Invocation& invocation)
{
    for (std::size_t text = 0; text < test.setup().texts.size(); ++text)
        for (std::size_t i = 0; i < methods.size(); ++i) {
            const NextTokenMethod* method = i == 0 ? nullptr : &methods[i];
            const auto ids
                = test.continueGreedy(static_cast<int>(text), method, options.greedy, invocation.job("Writing on"));
            std::string shown;
            for (const std::int64_t id : ids)
                shown += visibleToken(*test.setup().model, id);
            writeOutput((method ? printSpec(method->method) : std::string("original")) + ": " + shown + "\n");
        }
}

/// The references first. identity: the uncompressed cache's own figures, and the check that scoring alone changes
/// nothing. recompute: what the shortest storage costs in time.
std::vector<NextTokenMethod> methodsOf(const Options& options, const Invocation& invocation)
{
    const StudySettings settings { parseImportance(options.importance), invocation.deviceChoice(), invocation.seed };
    std::vector<NextTokenMethod> methods;
    std::vector<MethodSpec> specs { parseSpec("identity"), recomputeMethod(options.model) };
    for (const std::string& text : options.specs)
        specs.push_back(parseSpec(text));
    for (const MethodSpec& spec : options.protect.applied(specs)) {
        const auto same = [&](const NextTokenMethod& other) { return other.method == spec; };
        if (std::none_of(methods.begin(), methods.end(), same))
            methods.push_back(scoringOf(spec, settings));
        methods.back().klShares = options.klShares;
    }
    return methods;
}

/// What was measured at all contexts so far, and where it goes.
class Output {
public:
    Output(const Options& options, std::string device, bool tellsContexts)
        : m_options(options)
        , m_tellsContexts(tellsContexts)
        , m_device(std::move(device))
    {
    }
    bool hasTables() const { return m_options.csv != "-" && m_options.json != "-"; }
    /// Shows the results at once; files are written at the end.
    void add(const NextTokenSession& test, const std::vector<NextTokenResult>& results)
    {
        if (results.empty())
            return;
        if (hasTables() && m_tellsContexts)
            writeOutput((m_rows.empty() ? "context of " : "\ncontext of ")
                + countText(std::uint64_t(test.setup().texts.front().context), "token") + "\n");
        if (hasTables())
            writeOutput(table(results));
        for (const NextTokenResult& result : results)
            m_rows.push_back(toEvaluation(result, m_device));
        if (!m_options.json.empty())
            m_json.add(test, results, m_device);
    }
    void writeFiles() const
    {
        if (m_rows.empty())
            return;
        if (!m_options.csv.empty())
            writeResult(m_options.csv, resultsToCsv(m_rows));
        if (!m_options.json.empty())
            writeResult(m_options.json, m_json.text());
    }

private:
    const Options& m_options;
    bool m_tellsContexts;
    std::string m_device;
    std::vector<EvaluationResult> m_rows;
    NextTokenJson m_json;
};

void runContext(const Options& options, const NextTokenSetup& setup, const std::vector<NextTokenMethod>& methods,
    Output& output, Invocation& invocation)
{
    const auto test = NextTokenSession::open(setup, invocation.job("Baseline"));
    std::vector<NextTokenResult> results;
    std::exception_ptr failure;
    try {
        if (options.control)
            results.push_back(test->control(0, invocation.job("Control")));
        for (const NextTokenMethod& method : methods) {
            results.push_back(test->run(method, invocation.job(printSpec(method.method))));
            for (const std::string& warning : results.back().warnings)
                invocation.warn(warning);
        }
    } catch (...) {
        failure = std::current_exception(); // what was finished is kept
    }
    invocation.clearProgress();
    output.add(*test, results);
    if (failure)
        std::rethrow_exception(failure);
    if (options.greedy > 0 && output.hasTables())
        writeGreedy(options, *test, methods, invocation);
}

void run(const Options& options, Invocation& invocation)
{
    if (options.csv == "-" && options.json == "-")
        throw usageError("--csv and --json cannot both go to standard output; give one of them a file");
    const std::vector<NextTokenMethod> methods = methodsOf(options, invocation);
    const std::vector<std::int64_t> contexts = parseContexts(options.contexts);
    Output output(options, deviceName(invocation.deviceChoice()), contexts.size() > 1);
    NextTokenSetup setup = setupOf(options, invocation);
    std::vector<std::vector<NextTokenText>> texts;
    for (const std::int64_t context : contexts) // all of them before any work
        texts.push_back(textsOf(options, *setup.model, context));
    checkOutputs({ { "--csv", options.csv }, { "--json", options.json } });
    try {
        for (std::vector<NextTokenText>& split : texts) {
            setup.texts = std::move(split);
            runContext(options, setup, methods, output, invocation);
        }
    } catch (...) {
        output.writeFiles();
        throw;
    }
    output.writeFiles();
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    addModelOption(app, options->model);
    app.add_option("--text", options->text, "The text itself")->type_name("STR");
    app.add_option("--text-file", options->files, "A UTF-8 text file; may be given several times")
        ->type_name("FILE")
        ->allow_extra_args(false);
    const auto number = [&](const char* name, std::int64_t& value, const char* help) {
        app.add_option(name, value, help)->type_name("N")->check(wholeNumber())->capture_default_str();
    };
    app.add_option("--context", options->contexts,
           "Tokens whose cache is compressed, from the start of each text; several with commas between")
        ->type_name("N,…")
        ->capture_default_str();
    number("--predict", options->predict, "Positions to score behind them");
    number("--queries", options->queries, "Last context positions whose queries methods may use");
    number("--greedy", options->greedy, "Also write so many tokens on from each cache");
    app.add_option("--with", options->specs, "A method, id:param=value,…; may be given several times")
        ->type_name("SPEC")
        ->allow_extra_args(false)
        ->required();
    app.add_option("--importance", options->importance, "Where token importance comes from, as in eval")
        ->type_name("SOURCE")
        ->capture_default_str();
    app.add_option("--dtype", options->dtype, "Of the prefilled cache: f16, bf16 or f32")
        ->type_name("TYPE")
        ->capture_default_str();
    app.add_flag("--compress-continuation", options->compressContinuation,
        "Compress context and continuation together; the continuation then reads its own rows from the decoded cache");
    addControlOption(app, options->control);
    addSharesOption(app, options->klShares);
    options->protect.add(app);
    app.add_option("--csv", options->csv, "Write the results as CSV; '-': to standard output, alone")
        ->type_name("FILE");
    app.add_option("--json", options->json, "Write the results as JSON; '-': to standard output, alone")
        ->type_name("FILE");
    return [options](Invocation& invocation) { run(*options, invocation); };
}

const Command command { 65, "next-token", "Score a model's next tokens against compressed caches", addOptions };

} // namespace
} // namespace pikv::cli
