// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/charts.h"
#include "app/cli/command.h"
#include "app/cli/dumpoptions.h"
#include "app/cli/modeloptions.h"
#include "app/cli/output.h"
#include "app/cli/proxytable.h"
#include "app/cli/resulttable.h"
#include "app/cli/session.h"
#include "app/cli/sweeppoints.h"
#include "core/base/text.h"
#include "core/eval/sweep.h"
#include "core/eval/tradeoffreport.h"
#include <algorithm>
#include <memory>

namespace pikv::cli {
namespace {

struct Options {
    DumpOptions dump;
    DumpModelOptions model;
    std::string preset = "default", folder = "results";
    std::vector<std::string> specs;
    bool restart = false, report = false;
};

const SweepPreset* presetOf(const Options& options)
{
    return options.specs.empty() ? &findSweepPreset(options.preset) : nullptr;
}

/// A preset's own importances, else the one that was asked for.
std::vector<ImportanceSpec> importancesOf(const Options& options)
{
    const SweepPreset* preset = presetOf(options);
    if (!preset || preset->importances.empty())
        return { parseImportance(options.dump.importance) };
    if (options.dump.importance != "none")
        throw usageError("--importance cannot be given with --preset " + preset->name + ", which sets its own");
    return preset->importances;
}

/// A preset is seen beside the model's own reference, where there is a model.
std::vector<MethodSpec> methodsOf(const Options& options)
{
    const SweepPreset* preset = presetOf(options);
    std::vector<MethodSpec> methods = expandSpecs(preset ? preset->specs : options.specs);
    if (preset && !options.model.model.empty())
        methods.push_back(recomputeMethod(options.model.model));
    return methods;
}

SweepIdentity identityOf(const Options& options, const EvaluationRequest& request)
{
    SweepIdentity identity;
    for (const ImportanceSpec& importance : importancesOf(options))
        identity.importance += (identity.importance.empty() ? "" : ", ") + printImportance(importance);
    if (const std::string path = options.model.path(); !path.empty())
        identity.model = path;
    identity.predict = options.model.positions(request);
    return identity;
}

std::string frontText(const std::vector<EvaluationResult>& results)
{
    std::vector<EvaluationResult> front;
    for (std::size_t i : paretoFront(results, *findMetric("bits_per_element"), *findMetric("attention_error")))
        front.push_back(results[i]);
    return "Pareto front, bits per element against attention error:\n" + resultTable(front);
}

/// Measures the points of each importance in turn.
void measure(EvaluationRequest request, const std::vector<SweepPoint>& open, SweepFolder& folder, LeftOut& leftOut,
    Session& session)
{
    for (auto next = open.begin(); next != open.end();) {
        request.importance = next->importance;
        std::vector<MethodSpec> methods;
        for (; next != open.end() && next->importance == request.importance; ++next)
            methods.push_back(next->method);
        const auto failed = [&](const MethodSpec& method, const Problem& problem) {
            // A file that is damaged or gone fails every point.
            if (problem.kind == ErrorKind::Input || problem.kind == ErrorKind::Internal)
                throw Error(problem.kind, problem.message);
            leftOut.add({ method, request.importance }, problem);
        };
        runSweep(
            request, methods, [&](const EvaluationResult& result) { folder.add(result); }, failed, session.job());
    }
}

/// analysis.md and, where the program has charts, the charts; without a model the stand-in's predictions too. Returns
/// what was written.
std::string writeReport(
    const SweepFolder& folder, const EvaluationRequest& request, const Options& options, Session& session)
{
    std::string analysis = tradeoffReport(cacheInfo(*request.cache), folder.results()), written = ", analysis.md";
    if (options.model.model.empty()) {
        const auto rows = proxyRows(request, folder.results(), session);
        analysis += proxySection(rows);
        writeResult(folder.file("proxy.csv"), proxyCsv(rows));
        written += ", proxy.csv";
    }
    writeResult(folder.file("analysis.md"), analysis);
    if (canDrawCharts())
        written += ", " + countText(drawCharts(folder.results(), options.folder, "png").size(), "chart");
    return written;
}

void run(const Options& options, Session& session)
{
    const SweepPreset* preset = presetOf(options);
    const auto points = sweepPoints(methodsOf(options), importancesOf(options));
    EvaluationRequest request = options.dump.request(session);
    SweepFolder folder(options.folder, request, identityOf(options, request), options.restart);
    LeftOut leftOut(session);
    const auto open = openPoints(points, request, folder, leftOut);
    const auto there = std::count_if(points.begin(), points.end(),
        [&](const SweepPoint& point) { return folder.has(point.method, point.importance); });
    session.note(countText(points.size(), "point") + ", " + std::to_string(there) + " of them there already");
    try {
        if (!open.empty())
            options.model.apply(request, session);
        measure(request, open, folder, leftOut, session);
    } catch (...) {
        folder.flush();
        session.note("kept " + countText(folder.results().size(), "result") + " in " + folder.file("results.csv"));
        throw;
    }
    folder.flush();
    if (folder.results().empty())
        leftOut.fail();
    session.clearProgress();
    const bool report = options.report || (preset && !preset->importances.empty());
    const std::string reported = report ? writeReport(folder, request, options, session) : "";
    writeOutput(frontText(folder.results()));
    session.note("wrote " + folder.file("results.csv") + ", results.json, pareto.csv" + reported + " ("
        + countText(folder.results().size(), "result") + ")");
}

std::string presetsHelp()
{
    std::string text = "A named sweep:";
    for (const SweepPreset& preset : sweepPresets())
        text += (text.back() == ':' ? " " : "; ") + preset.name + " (" + preset.sentence + ")";
    return text;
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    options->dump.add(app);
    options->dump.addCaches(app);
    options->model.add(app);
    CLI::Option* preset
        = app.add_option("--preset", options->preset, presetsHelp())->type_name("NAME")->capture_default_str();
    app.add_option("--with", options->specs,
           "A method with lists, such as lora:rank=[4,8,16]: every combination; may be given several times")
        ->type_name("SPEC")
        ->allow_extra_args(false)
        ->excludes(preset);
    app.add_option("-o,--output", options->folder,
           "Folder for results.csv, results.json and pareto.csv; a sweep that was "
           "interrupted goes on there")
        ->type_name("DIR")
        ->capture_default_str();
    app.add_flag("--report", options->report, "Write analysis.md and the charts, too; --preset seed always does");
    app.add_flag("--restart", options->restart, "Forget what the folder holds and begin anew");
    return [options](Session& session) { run(*options, session); };
}

const Command command { 70, "sweep", "Measure many settings and find the Pareto front; resumable", addOptions };

} // namespace
} // namespace pikv::cli
