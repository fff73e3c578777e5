// SPDX-License-Identifier: GPL-3.0-or-later
// pikv history: what eval, sweep and the window measured and kept.
#include "app/cli/command.h"
#include "app/cli/invocation.h"
#include "app/cli/output.h"
#include "app/cli/texttable.h"
#include "app/cli/wholenumber.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/eval/figuretext.h"
#include <algorithm>
#include <memory>
#ifdef PIKV_WITH_HISTORY
#include "history/catalogue.h"
#include "history/location.h"
#endif

namespace pikv::cli {
namespace {

struct Options {
    std::vector<std::string> words;
    std::string exported, note;
    std::int64_t id = 0, most = 50;
    bool starred = false, star = false, unstar = false, clear = false, all = false;
    CLI::Option* noteOption = nullptr;
};

#ifdef PIKV_WITH_HISTORY

using history::Catalogue;
using history::Entry;

std::string place()
{
    const std::string file = history::location();
    if (file.empty())
        throw usageError("there is no history: PIKV_HISTORY is 'off'");
    return file;
}

/// "smollm2-135m-256.safetensors", or the beginning of the fingerprint.
std::string dumpName(const Entry& entry)
{
    const auto slash = entry.dump.rfind('/');
    return entry.dump.empty() ? entry.fingerprint.substr(0, 12)
                              : entry.dump.substr(slash == std::string::npos ? 0 : slash + 1);
}

std::string settingOf(const Entry& entry)
{
    const std::string name = "importance=";
    const auto from = entry.settings.find(name) + name.size();
    return entry.settings.substr(from, entry.settings.find(' ', from) - from);
}

std::string table(const std::vector<Entry>& entries)
{
    TextTable table({ "id", "<", "<time (UTC)", "<dump", "<method", "<importance", "bits/element", "attention error",
        "<engine", "<note" });
    for (const Entry& entry : entries) {
        std::string bits = "-", error = "-";
        try {
            const EvaluationResult result = entry.result();
            bits = figureText(result.bitsPerElement());
            error = figureText(result.quality.attentionError);
        } catch (const Error&) {
            // Of a method that is no more: the line says that it was there.
        }
        table.add({ std::to_string(entry.id), entry.star ? "*" : "", entry.time, dumpName(entry), entry.spec,
            settingOf(entry), bits, error, entry.ofThisEngine ? "this" : "other", entry.note });
    }
    return table.text();
}

void exportTo(const std::string& path, const std::vector<Entry>& entries, Invocation& invocation)
{
    checkOutputs({ { "--export", path } });
    if (path.ends_with(".json"))
        return writeResult(path, history::entriesToJson(entries));
    int leftOut = 0;
    const std::string csv = history::entriesToCsv(entries, leftOut);
    if (leftOut > 0)
        invocation.warn("left out " + countText(std::uint64_t(leftOut), "result")
            + " of methods that this program does not have; a .json file keeps them");
    writeResult(path, csv);
}

/// A file that cannot be read at all is forgotten, too, where everything is to be.
void clear(const history::Query& query, const Options& options, Invocation& invocation)
{
    const bool everything = options.all && query.words.empty() && query.id == 0 && !query.starred;
    try {
        Catalogue catalogue(place());
        const std::uint64_t gone = catalogue.forget(query, options.all);
        invocation.note("forgot " + countText(gone, "result") + ", " + std::to_string(catalogue.count()) + " left ("
            + bytesText(catalogue.bytes()) + ")");
    } catch (const Error& e) {
        if (!everything || e.kind() != ErrorKind::Input)
            throw;
        history::removeFiles(place());
        invocation.note("forgot a history that could not be read");
    }
}

void run(const Options& options, Invocation& invocation)
{
    history::Query query { options.words, options.starred, options.id, 0 };
    if (options.clear)
        return clear(query, options, invocation);
    Catalogue catalogue(place());
    if (options.star || options.unstar || options.noteOption->count() > 0) {
        if (options.id == 0)
            throw usageError("--star, --unstar and --note need --id, which names the result");
        if (options.star || options.unstar)
            catalogue.setStar(options.id, options.star);
        if (options.noteOption->count() > 0)
            catalogue.setNote(options.id, options.note);
    }
    if (!options.exported.empty())
        return exportTo(options.exported, catalogue.list(query), invocation);
    query.most = int(std::min<std::int64_t>(options.most, 1'000'000));
    const std::vector<Entry> entries = catalogue.list(query);
    writeOutput(table(entries));
    invocation.note(countText(entries.size(), "result") + " shown of " + std::to_string(catalogue.count()) + ", "
        + bytesText(catalogue.bytes()) + " of at most " + bytesText(history::defaultLimit) + " in " + place());
}

#else

void run(const Options&, Invocation&)
{
    throw usageError("this program was built without a history (it needs Qt's Core and Sql)");
}

#endif

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("WORDS", options->words,
        "Only results that hold each of these words: of dump, method, settings, engine, time (2026-11-28) or note");
    app.add_option("--id", options->id, "This result alone")->type_name("N")->check(wholeNumber(1));
    app.add_flag("--starred", options->starred, "Only those with a star");
    app.add_option("--most", options->most, "The newest ones, at most so many; 0: all")
        ->type_name("N")
        ->check(wholeNumber())
        ->capture_default_str();
    CLI::Option* unstar = app.add_flag("--unstar", options->unstar, "Take the star from the result of --id");
    app.add_flag("--star", options->star, "Give the result of --id a star: it stays when the history is cleared")
        ->excludes(unstar);
    options->noteOption
        = app.add_option("--note", options->note, "Write a note beside the result of --id, which stays");
    app.add_option("--export", options->exported, "Write them all to a .csv or .json file; '-': CSV to standard output")
        ->type_name("FILE");
    CLI::Option* clear = app.add_flag("--clear", options->clear, "Forget them, but what has a star or a note");
    app.add_flag("--all", options->all, "Forget those, too")->needs(clear);
    return [options](Invocation& invocation) { run(*options, invocation); };
}

const Command command { 75, "history", "Look through what was measured before, search it, export it, forget it",
    addOptions };

} // namespace
} // namespace pikv::cli
