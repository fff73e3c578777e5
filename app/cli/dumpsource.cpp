// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/dumpsource.h"
#include "app/cli/invocation.h"
#include "core/dumps/toldstore.h"
#include "core/formats/told.h"

namespace pikv::cli {

void DumpSource::add(CLI::App& app)
{
    const std::string group = "What is told of the dump, and remembered with it";
    for (const ToldEntry& entry : toldEntries()) {
        const std::string names = "--" + entry.id + (entry.alias.empty() ? "" : ",--" + std::string(entry.alias));
        app.add_option_function<std::string>(
               names, [this, id = entry.id](const std::string& text) { told[id] = text; }, entry.help)
            ->group(group)
            ->type_name(entry.type);
    }
    app.add_flag("--forget", forget, "Forget what was told of the dump before")->group(group);
}

CachePtr DumpSource::open(const std::string& path, Invocation& invocation) const
{
    const OpenedDump opened
        = openTold(path, told, forget ? Telling::Replaces : Telling::Adds, invocation.job("Opening " + path));
    for (const std::string& warning : opened.warnings)
        invocation.warn(warning);
    if (opened.isRecalled)
        invocation.note(path + " is opened as it was told before: " + toldText(cacheInfo(*opened.cache).told)
            + "; --forget drops that");
    return opened.cache;
}

} // namespace pikv::cli
