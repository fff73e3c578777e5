// SPDX-License-Identifier: GPL-3.0-or-later
// The command line as a whole: common options, the commands that registered themselves, and how a failure becomes one
// sentence and an exit status.
#include "app/cli/application.h"
#include "app/cli/command.h"
#include "app/cli/interrupt.h"
#include "app/cli/invocation.h"
#include "app/cli/output.h"
#include "app/cli/wholenumber.h"
#include "core/base/inputfiles.h"
#include "core/eval/engine.h"
#include "core/eval/problem.h"
#include <algorithm>

namespace pikv::cli {
namespace {

constexpr int maxThreads = 1024;

std::vector<const Command*>& registered()
{
    static std::vector<const Command*> list;
    return list;
}

void addCommonOptions(CLI::App& app, Invocation& invocation)
{
    const std::string group = "Common options";
    app.add_option("--device", invocation.device, "Where tensors are computed: auto, cpu or cuda")
        ->group(group)
        ->type_name("DEVICE");
    app.add_option("--threads", invocation.threads, "Compute threads, 1 to 1024; default: all cores")
        ->group(group)
        ->type_name("N")
        ->check(wholeNumber(1, maxThreads));
    app.add_option("--seed", invocation.seed, "Seed of everything random; default: 0")
        ->group(group)
        ->type_name("N")
        ->check(wholeNumber(0, std::numeric_limits<std::uint64_t>::max()));
    app.add_flag("--quiet", invocation.quiet, "No progress and no notes on standard error")->group(group);
}

std::string commandNames()
{
    std::string names;
    for (const Command* command : commands())
        names += (names.empty() ? "" : ", ") + std::string(command->name);
    return names;
}

/// CLI11 would call an unknown command an unexpected argument.
void checkCommandName(int argc, char** argv)
{
    if (argc < 2)
        throw usageError("a command is missing; known are: " + commandNames() + "; try pikv --help");
    const std::string_view name = argv[1];
    const auto list = commands();
    if (!name.starts_with('-')
        && std::none_of(list.begin(), list.end(), [&](const Command* c) { return name == c->name; }))
        throw usageError("unknown command '" + std::string(name) + "'; known are: " + commandNames());
}

/// CLI11 hands help and version over as exceptions. Returns false when there is nothing more to do.
bool parse(CLI::App& app, int argc, char** argv)
{
    try {
        app.parse(argc, argv);
        return true;
    } catch (const CLI::CallForHelp&) {
        writeOutput(app.help());
    } catch (const CLI::CallForVersion&) {
        initEngine(0);
        writeOutput("pikv " PIKV_VERSION "\n" + engineDescription() + "\n");
    } catch (const CLI::ParseError& e) {
        const auto chosen = app.get_subcommands();
        const std::string command = chosen.empty() ? "" : " " + chosen.front()->get_name();
        throw usageError(std::string(e.what()) + "; see pikv" + command + " --help");
    }
    return false;
}

void run(int argc, char** argv, Invocation& invocation)
{
    checkCommandName(argc, argv);
    CLI::App app("Compress KV caches of language models and measure what it costs.", "pikv");
    app.set_version_flag("--version", PIKV_VERSION, "Show the version and what the engine was built with");
    app.require_subcommand(1);
    addCommonOptions(app, invocation);
    Command::Action action;
    for (const Command* command : commands()) {
        CLI::App* sub = app.add_subcommand(command->name, command->summary);
        const Command::Action chosen = command->addOptions(*sub);
        addCommonOptions(*sub, invocation);
        sub->callback([&action, chosen] { action = chosen; });
    }
    // After the subcommands, which would inherit it.
    app.footer("A configured method is written id:param=value,param=value; 'pikv list' shows the methods.\n"
               "Exit status: 0 done, 1 a receipt does not hold, 2 wrong usage, 3 bad input file, 4 not enough memory "
               "or disk, 130 interrupted.");
    if (!parse(app, argc, argv))
        return;
    (void)invocation.deviceChoice(); // a wrong one is told before any work
    initEngine(invocation.threads);
    InputFile::keepAll(); // what a command reads stays its input, the files of a model that it read long ago included
    action(invocation);
}

} // namespace

Command::Command(int place, const char* id, const char* sentence, Action (*add)(CLI::App&))
    : order(place)
    , name(id)
    , summary(sentence)
    , addOptions(add)
{
    registered().push_back(this);
}

std::vector<const Command*> commands()
{
    auto list = registered();
    std::sort(list.begin(), list.end(), [](const Command* a, const Command* b) { return a->order < b->order; });
    return list;
}

int runApplication(int argc, char** argv)
{
    keepOutputForResults();
    Invocation invocation(handleSignals());
    try {
        run(argc, argv, invocation);
        return 0;
    } catch (const ReaderGone&) {
        return static_cast<int>(ErrorKind::Resource); // whoever closed the pipe knows
    } catch (...) {
        const Problem problem = currentProblem();
        invocation.clearProgress();
        writeErrorLine(problem.kind == ErrorKind::Cancelled ? "interrupted" : "error: " + problem.message);
        return static_cast<int>(problem.kind);
    }
}

} // namespace pikv::cli
