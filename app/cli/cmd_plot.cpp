// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/output.h"
#include "app/cli/session.h"
#include "core/eval/resultsio.h"
#include <memory>
#ifdef PIKV_WITH_UI
#include "ui/export/plotrenderer.h"
#include <QApplication>
#endif

namespace pikv::cli {
namespace {

struct Options {
    std::string results, folder, format = "png";
};

#ifdef PIKV_WITH_UI
/// Qt's hints about the desktop that is not there would bury our own messages.
void dropHints(QtMsgType type, const QMessageLogContext&, const QString& message)
{
    if (type == QtCriticalMsg || type == QtFatalMsg)
        writeErrorLine("warning: " + message.toStdString());
}
#endif

void plot([[maybe_unused]] const Options& options, [[maybe_unused]] Session& session)
{
#ifdef PIKV_WITH_UI
    ui::ExportSpec spec;
    spec.format = ui::parseExportFormat(QString::fromStdString(options.format));
    const auto results = resultsFromCsv(options.results);
    if (results.empty())
        throw inputError(options.results + " holds no results to draw");
    qInstallMessageHandler(dropHints);
    const auto application = ui::makeHeadlessApplication();
    std::string written;
    for (const QString& path : ui::renderCharts(results, QString::fromStdString(options.folder), spec))
        written += path.toStdString() + "\n";
    writeOutput(written);
#else
    throw usageError("plot: this program was built without charts (PIKV_BUILD_GUI is OFF)");
#endif
}

Command::Action addOptions(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("RESULTS", options->results, "A table that eval --csv or sweep wrote")->required();
    app.add_option("-o,--output", options->folder, "Folder for the charts")->required()->type_name("DIR");
    app.add_option("--format", options->format, "png, svg or pdf")->type_name("FORMAT")->capture_default_str();
    return [options](Session& session) { plot(*options, session); };
}

const Command command { 80, "plot", "Draw the window's charts of a results table, without a display", addOptions };

} // namespace
} // namespace pikv::cli
