// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/charts.h"
#include "app/cli/command.h"
#include "app/cli/invocation.h"
#include "app/cli/output.h"
#include "core/eval/resultsio.h"
#include <memory>

namespace pikv::cli {
namespace {

struct Options {
    std::string results, folder, format = "png";
};

void plot(const Options& options)
{
    if (!canDrawCharts())
        throw usageError("plot: this program was built without charts (PIKV_BUILD_GUI is OFF)");
    const auto results = readResults(options.results);
    if (results.empty())
        throw inputError(options.results + " holds no results to draw");
    std::string written;
    for (const std::string& path : drawCharts(results, options.folder, options.format))
        written += path + "\n";
    writeOutput(written);
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("RESULTS", options->results,
           "A table or a JSON file that eval, next-token or sweep "
           "wrote")
        ->required();
    app.add_option("-o,--output", options->folder, "Folder for the charts")->required()->type_name("DIR");
    app.add_option("--format", options->format, "png, svg or pdf")->type_name("FORMAT")->capture_default_str();
    return [options](Invocation&) { plot(*options); };
}

const Command command { 80, "plot", "Draw the window's charts of a results table, without a display", addOptions };

} // namespace
} // namespace pikv::cli
