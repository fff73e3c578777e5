// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/dumpoptions.h"
#include "app/cli/modeloptions.h"
#include "app/cli/output.h"
#include "app/cli/resulttable.h"
#include "app/cli/session.h"
#include "app/cli/sweepfolder.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/eval/memoryneed.h"
#include "core/eval/sweep.h"
#include <algorithm>
#include <memory>
#include <set>

namespace pikv::cli {
namespace {

struct Options {
    DumpOptions dump;
    DumpModelOptions model;
    std::string preset = "default", folder;
    std::vector<std::string> specs;
    bool restart = false;
};

std::vector<MethodSpec> pointsOf(const Options& options)
{
    std::vector<MethodSpec> points;
    std::set<std::string> known;
    for (const std::string& text : options.specs.empty() ? findSweepPreset(options.preset).specs : options.specs)
        for (const MethodSpec& point : expandSpec(text))
            if (known.insert(printSpec(point)).second)
                points.push_back(point);
    return points;
}

/// Tells of points that cannot be measured and remembers the last reason.
class LeftOut {
public:
    explicit LeftOut(Session& session)
        : m_session(session)
    {
    }
    void add(const MethodSpec& point, const Problem& problem)
    {
        m_session.warn("left out: " + printSpec(point) + ": " + problem.message);
        m_last = problem;
    }
    [[noreturn]] void fail() const
    {
        throw Error(m_last.kind, "no point of the sweep could be measured: " + m_last.message);
    }

private:
    Session& m_session;
    Problem m_last { ErrorKind::Usage, "it has none" };
};

/// Points that neither are there already nor cannot be had on this dump.
std::vector<MethodSpec> openPoints(
    const std::vector<MethodSpec>& points, EvaluationRequest request, const SweepFolder& folder, LeftOut& leftOut)
{
    std::vector<MethodSpec> open;
    for (const MethodSpec& point : points) {
        if (folder.has(point))
            continue;
        try {
            checkMethod(point, *request.cache);
            request.method = point;
            requireMemory(evaluationMemory(request), "evaluating " + point.id);
            open.push_back(point);
        } catch (const Error& e) {
            leftOut.add(point, { e.kind(), e.what() });
        }
    }
    return open;
}

std::string frontText(const std::vector<EvaluationResult>& results)
{
    std::vector<EvaluationResult> front;
    for (std::size_t i : paretoFront(results, *findMetric("bits_per_element"), *findMetric("attention_error")))
        front.push_back(results[i]);
    return "Pareto front, bits per element against attention error:\n" + resultTable(front);
}

void run(const Options& options, Session& session)
{
    const auto points = pointsOf(options);
    EvaluationRequest request = options.dump.request(session);
    options.model.apply(request, session);
    SweepFolder folder(options.folder, request, options.restart);
    LeftOut leftOut(session);
    const auto open = openPoints(points, request, folder, leftOut);
    const std::size_t there
        = std::count_if(points.begin(), points.end(), [&](const MethodSpec& p) { return folder.has(p); });
    session.note(countText(points.size(), "point") + ", " + std::to_string(there) + " of them there already");
    const auto failed = [&](const MethodSpec& point, const Problem& problem) {
        // A file that is damaged or gone fails every point.
        if (problem.kind == ErrorKind::Input || problem.kind == ErrorKind::Internal)
            throw Error(problem.kind, problem.message);
        leftOut.add(point, problem);
    };
    try {
        runSweep(
            request, open, [&](const EvaluationResult& result) { folder.add(result); }, failed, session.job());
    } catch (...) {
        folder.flush();
        session.note("kept " + countText(folder.results().size(), "result") + " in " + folder.file("results.csv"));
        throw;
    }
    folder.flush();
    if (folder.results().empty())
        leftOut.fail();
    session.clearProgress();
    writeOutput(frontText(folder.results()));
    session.note("wrote " + folder.file("results.csv") + ", results.json and pareto.csv ("
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
        ->required()
        ->type_name("DIR");
    app.add_flag("--restart", options->restart, "Forget what the folder holds and begin anew");
    return [options](Session& session) { run(*options, session); };
}

const Command command { 70, "sweep", "Measure many settings and find the Pareto front; resumable", addOptions };

} // namespace
} // namespace pikv::cli
