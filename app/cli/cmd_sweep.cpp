// SPDX-License-Identifier: GPL-3.0-or-later
// pikv sweep: many points into a folder that knows which are there already. Points that cannot be measured are told of
// and left out; an analysis and charts follow where they are asked for.
#include "app/cli/charts.h"
#include "app/cli/command.h"
#include "app/cli/dumpoptions.h"
#include "app/cli/historyuse.h"
#include "app/cli/invocation.h"
#include "app/cli/modeloptions.h"
#include "app/cli/output.h"
#include "app/cli/protectoption.h"
#include "app/cli/resulttable.h"
#include "core/base/text.h"
#include "core/eval/alike.h"
#include "core/eval/engineid.h"
#include "core/eval/pareto.h"
#include "core/eval/resultsio.h"
#include "core/study/choices.h"
#include "core/study/dumpstables.h"
#include "core/study/presets.h"
#include "core/study/report.h"
#include "core/study/shard.h"
#include "core/study/sweep.h"
#include "core/study/sweepfolder.h"
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

namespace pikv::cli {
namespace {

struct Options {
    DumpOptions dump;
    DumpModelOptions model;
    HistoryOption history;
    ProtectOption protect;
    std::string preset = "default", folder = "results";
    std::vector<std::string> specs;
    std::string shardText = "1/1";
    bool restart = false, report = false;

    Shard shard() const { return parseShard(shardText); }
};

/// What is measured: a preset's grid, or that of the options.
struct Plan {
    std::optional<Preset> preset;
    std::vector<MethodSpec> methods;
    std::vector<ImportanceSpec> importances;
};

/// A preset has its own importances, else those count that were asked for; it is seen beside the model's own
/// reference, where there is a model, and brings the default one along where it needs one.
Plan planOf(Options& options)
{
    Plan plan;
    if (options.specs.empty())
        plan.preset = findPreset(options.preset);
    const SweepGrid given = plan.preset ? plan.preset->grid : SweepGrid { options.specs, {}, false };
    if (given.specs.empty())
        throw usageError("the preset '" + options.preset + "' has settings of methods, but no sweep");
    plan.importances = given.importances;
    if (plan.importances.empty())
        plan.importances = parseImportances(options.dump.importance);
    else if (options.dump.importance != "none")
        throw usageError("--importance cannot be given with --preset " + plan.preset->name + ", which sets its own");
    options.dump.importance = plan.importances.size() == 1 && given.importances.empty()
        ? printImportance(plan.importances.front())
        : "none";
    if (given.nextToken && options.model.model.empty())
        options.model.model = "default";
    plan.methods = options.protect.applied(expandSpecs(given.specs));
    if (plan.preset && !options.model.model.empty())
        plan.methods.push_back(recomputeMethod(options.model.model));
    return plan;
}

SweepIdentity identityOf(const Options& options, const Plan& plan, const Study& study)
{
    SweepIdentity identity { study.settings(), plan.importances };
    if (const std::string path = options.model.path(); !path.empty())
        identity.model = path;
    identity.predict = options.model.positions(study.info());
    identity.klShares = options.model.klShares;
    if (options.shard().isPart())
        identity.shard = printShard(options.shard());
    return identity;
}

std::string frontText(const std::vector<EvaluationResult>& results)
{
    std::vector<EvaluationResult> front;
    for (std::size_t i : paretoFront(results, *findMetric("bits_per_element"), *findMetric("attention_error")))
        front.push_back(results[i]);
    return "Pareto front, bits per element against attention error:\n" + resultTable(front);
}

/// Tells of points that cannot be measured and remembers the last reason.
class LeftOut {
public:
    explicit LeftOut(Invocation& invocation)
        : m_invocation(invocation)
    {
    }
    void add(const SweepPoint& point, const Problem& problem)
    {
        m_invocation.warn("left out: " + pointText(point) + ": " + problem.message);
        m_last = problem;
        m_names.push_back(pointName(point));
    }
    std::size_t count() const { return m_names.size(); }
    /// pointName() of each.
    const std::vector<std::string>& names() const { return m_names; }
    [[noreturn]] void fail() const
    {
        throw Error(m_last.kind, "no point of the sweep could be measured: " + m_last.message);
    }

private:
    Invocation& m_invocation;
    std::vector<std::string> m_names;
    Problem m_last { ErrorKind::Usage, "it has none" };
};

/// The points that the folder lacks and the dump allows.
SweepPoints openPoints(const SweepPoints& points, const Study& study, const SweepFolder& folder, LeftOut& leftOut)
{
    SweepPoints missing;
    std::copy_if(points.begin(), points.end(), std::back_inserter(missing),
        [&](const SweepPoint& point) { return !folder.has(point.method, point.importance); });
    return fittingPoints(missing, study.cache(), study.settings(),
        [&](const SweepPoint& point, const Problem& problem) { leftOut.add(point, problem); });
}

void measure(const SweepPoints& open, const Study& study, const EvaluationScope& scope, const Recorder& recorder,
    SweepFolder& folder, LeftOut& leftOut, Invocation& invocation)
{
    std::size_t remembered = 0;
    const auto failed = [&](const SweepPoint& point, const Problem& problem) { leftOut.add(point, problem); };
    runSweep(open, study.cache(), study.settings(), scope, recorder,
        { [&](const EvaluationResult& result) {
             folder.add(result);
             remembered += result.measured.empty() ? 0 : 1;
             for (const std::string& warning : result.warnings)
                 invocation.warn(warning);
         },
            failed },
        invocation.job());
    noteRemembered(remembered, open.size(), invocation);
}

/// The analysis and, where the program has charts, the charts. Returns what was written.
std::string report(const SweepFolder& folder, const Study& study, const Options& options, Invocation& invocation)
{
    std::string written;
    const bool proxies = options.model.model.empty(); // else the model has scored every point
    for (const std::string& name : writeReport(folder, study.cache(), study.settings(), proxies, invocation.job()))
        written += ", " + name;
    if (canDrawCharts())
        written += ", " + countText(drawCharts(folder.results(), options.folder, "png").size(), "chart");
    return written;
}

/// What pikv merge holds the shards together by.
void writeFacts(const Options& options, const SweepPoints& grid, const std::string& fingerprint,
    const std::vector<std::string>& leftOut)
{
    ShardFacts facts { options.shard(), fingerprint, engineId(), {}, leftOut };
    for (const SweepPoint& point : grid)
        facts.grid.push_back(pointName(point));
    writeShardFacts(options.folder, facts);
}

/// Of one dump, into its folder; returns all results there.
std::vector<EvaluationResult> sweepDump(
    const Options& options, const Plan& plan, const Study& study, Invocation& invocation)
{
    const SweepPoints grid = sweepPoints(plan.methods, plan.importances);
    const Shard shard = options.shard();
    const SweepPoints points = pointsOf(grid, shard);
    SweepFolder folder(
        options.folder, study.cache(), identityOf(options, plan, study), options.dump.caches, options.restart);
    LeftOut leftOut(invocation);
    const SweepPoints open = openPoints(points, study, folder, leftOut);
    const auto there = std::count_if(points.begin(), points.end(),
        [&](const SweepPoint& point) { return folder.has(point.method, point.importance); });
    invocation.note(countText(points.size(), "point") + ", " + std::to_string(there) + " of them there already");
    Recorder recorder;
    try {
        if (!open.empty()) {
            const auto nextToken = options.model.open(study, invocation);
            recorder = recorderOf(openHistory(options.history, invocation), study, invocation);
            measure(open, study, { {}, false, nextToken.get(), options.model.klShares, options.dump.repeat }, recorder,
                folder, leftOut, invocation);
        }
    } catch (...) {
        folder.flush();
        invocation.note("kept " + countText(folder.results().size(), "result") + " in " + folder.file("results.csv"));
        throw;
    }
    folder.flush();
    if (shard.isPart())
        writeFacts(options, grid, fingerprintOf(recorder, study, invocation), leftOut.names());
    if (folder.results().empty() && !shard.isPart()) // a small grid may leave nothing to a shard
        leftOut.fail();
    invocation.clearProgress();
    const bool analysed
        = options.report || (plan.preset && plan.preset->isBuiltIn && !plan.preset->grid.importances.empty());
    const std::string reported = analysed ? report(folder, study, options, invocation) : "";
    if (!options.dump.isSeveral())
        writeOutput(frontText(folder.results()));
    if (const std::string warning = alikeWarning(folder.results()); !warning.empty())
        invocation.warn(warning);
    if (leftOut.count() > 0)
        invocation.warn(std::to_string(points.size() - leftOut.count()) + " of " + countText(points.size(), "point")
            + ", " + std::to_string(leftOut.count()) + " failed");
    invocation.note("wrote " + folder.file("results.csv") + ", results.json, pareto.csv" + reported + " ("
        + countText(folder.results().size(), "result") + ")");
    return folder.results();
}

/// A folder of its own for every dump, and in the one above them all of their results with the means.
void sweepDumps(const Options& options, const Plan& plan, Invocation& invocation)
{
    if (options.shard().isPart())
        throw usageError("--shard takes one dump; run sweep for each of the "
            + std::to_string(options.dump.paths.size()) + " dumps");
    std::error_code error;
    if (std::filesystem::exists(options.folder + "/sweep.json", error))
        throw usageError("the folder " + inQuotes(options.folder)
            + " holds the sweep of one dump; choose another folder for several");
    const DumpsStudy study = options.dump.dumpsStudy(invocation);
    const ModelPtr held = options.model.load(study.dumps(), invocation); // each test takes the same one
    std::vector<DumpResults> dumps = study.noResults();
    for (DumpResults& dump : dumps) {
        Options one = options;
        std::string name = dump.name;
        std::replace(name.begin(), name.end(), '/', '-');
        one.folder += "/" + name;
        dump.results = sweepDump(one, plan, Study(dump.dump, study.settings()), invocation);
    }
    const auto means = meansOverDumps(dumps, invocation.seed);
    writeFileAtomic(options.folder + "/results.csv", dumpsToCsv(dumps, means));
    writeFileAtomic(options.folder + "/results.json", dumpsToJson(dumps, means, invocation.seed));
    writeOutput(resultTable(dumps, means));
    invocation.note("wrote " + options.folder + "/results.csv and results.json, with the means over "
        + countText(dumps.size(), "dump"));
}

void run(Options options, Invocation& invocation)
{
    const Plan plan = planOf(options); // typing errors are told before a dump is opened
    (void)options.shard();
    if (options.dump.isSeveral())
        sweepDumps(options, plan, invocation);
    else
        sweepDump(options, plan, options.dump.study(invocation), invocation);
}

std::string presetsHelp()
{
    std::string text = "A named sweep:";
    for (const Preset& preset : builtInPresets())
        text += (text.back() == ':' ? " " : "; ") + preset.name + " (" + preset.sentence + ")";
    return text + "; or the name of one that was saved in the window";
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    options->dump.addSeveral(app);
    CLI::Option* importance = app.get_option("--importance");
    importance->description(importance->get_description() + "; several with commas between: every method with each");
    options->dump.addCaches(app);
    options->dump.addRepeat(app);
    options->model.add(app);
    options->history.add(app);
    options->protect.add(app);
    CLI::Option* preset
        = app.add_option("--preset", options->preset, presetsHelp())->type_name("NAME")->capture_default_str();
    app.add_option("--with", options->specs,
           "A method with lists, such as lora:rank=[4,8,16] or lora:rank=[4..64:*2]: every combination; may be given "
           "several times")
        ->type_name("SPEC")
        ->allow_extra_args(false)
        ->excludes(preset);
    app.add_option("-o,--output", options->folder,
           "Folder for results.csv, results.json and pareto.csv; a sweep that was interrupted goes on there. Of "
           "several dumps each gets a folder in it")
        ->type_name("DIR")
        ->capture_default_str();
    app.add_option("--shard", options->shardText,
           "Measure only the K-th of N shares of the points, for another machine to do the others; see pikv merge")
        ->type_name("K/N");
    app.add_flag("--report", options->report, "Write analysis.md and the charts, too; --preset seed always does");
    app.add_flag("--restart", options->restart, "Forget what the folder holds and begin anew");
    return [options](Invocation& invocation) { run(*options, invocation); };
}

const Command command { 70, "sweep", "Measure many settings and find the Pareto front; resumable", addOptions };

} // namespace
} // namespace pikv::cli
