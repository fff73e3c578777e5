// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/historyuse.h"
#include "app/cli/invocation.h"
#include "core/base/text.h"
#ifdef PIKV_WITH_HISTORY
#include "history/history.h"
#endif

namespace pikv::cli {

void HistoryOption::add(CLI::App& app)
{
    app.add_flag("--no-history", off, "Measure everything anew and keep nothing in the history (see pikv history)");
}

std::shared_ptr<ResultStore> openHistory(const HistoryOption& option, Invocation& invocation)
{
    if (option.off)
        return nullptr;
#ifdef PIKV_WITH_HISTORY
    const std::string place = history::location();
    if (place.empty())
        return nullptr;
    return std::make_shared<history::History>(
        place, [&invocation](const std::string& sentence) { invocation.warn(sentence); });
#else
    invocation.note("results are not kept: this program was built without a history (it needs Qt's Core and Sql)");
    return nullptr;
#endif
}

Recorder recorderOf(const std::shared_ptr<ResultStore>& history, const Study& study, Invocation& invocation)
{
    if (!history)
        return {};
    return Recorder(history, fingerprintOf(*study.cache(), history.get(), invocation.job("Fingerprint")));
}

std::string fingerprintOf(const Recorder& recorder, const Study& study, Invocation& invocation)
{
    return recorder.works() ? recorder.dump()
                            : pikv::fingerprintOf(*study.cache(), nullptr, invocation.job("Fingerprint"));
}

void noteRemembered(std::size_t remembered, std::size_t all, Invocation& invocation)
{
    if (remembered > 0)
        invocation.note(std::to_string(remembered) + " of " + countText(all, "result")
            + " came from the history, with the times of then; --no-history measures anew");
}

} // namespace pikv::cli
