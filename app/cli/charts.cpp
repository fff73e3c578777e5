// SPDX-License-Identifier: GPL-3.0-or-later
// What needs the window's library, behind one header; a program that was built without says so.
#include "app/cli/charts.h"
#include "app/cli/output.h"
#include "core/base/error.h"
#ifdef PIKV_WITH_UI
#include "ui/charts/plotrenderer.h"
#include "ui/export/reportpdf.h"
#include <QApplication>
#endif

namespace pikv::cli {

#ifdef PIKV_WITH_UI

namespace {

/// Qt's hints about the desktop that is not there would bury our own messages.
void dropHints(QtMsgType type, const QMessageLogContext&, const QString& message)
{
    if (type == QtCriticalMsg || type == QtFatalMsg)
        writeErrorLine("warning: " + message.toStdString());
}

} // namespace

bool canDrawCharts() { return true; }

std::vector<std::string> drawCharts(
    const std::vector<EvaluationResult>& results, const std::string& folder, const std::string& format)
{
    ui::ExportSpec spec;
    spec.format = ui::parseExportFormat(QString::fromStdString(format));
    qInstallMessageHandler(dropHints);
    const auto application = ui::makeHeadlessApplication();
    std::vector<std::string> paths;
    for (const QString& path : ui::renderCharts(results, QString::fromStdString(folder), spec))
        paths.push_back(path.toStdString());
    return paths;
}

std::string drawReport(StudyReport report, const std::vector<EvaluationResult>& results, bool asPdf)
{
    qInstallMessageHandler(dropHints);
    const auto application = ui::makeHeadlessApplication();
    ui::ExportSpec spec;
    spec.format = ui::ExportSpec::Svg;
    ui::ChartSeries series(results, spec);
    for (int i = 0; i < series.count(); ++i) {
        const ui::RenderedChart chart = series.render(i);
        report.charts.push_back({ chart.title.toStdString(), chart.bytes.toStdString() });
    }
    return asPdf ? ui::reportPdf(report).toStdString() : reportHtml(report);
}

#else

bool canDrawCharts() { return false; }

std::string drawReport(StudyReport report, const std::vector<EvaluationResult>&, bool) { return reportHtml(report); }

std::vector<std::string> drawCharts(const std::vector<EvaluationResult>&, const std::string&, const std::string&)
{
    throw usageError("this program was built without charts (PIKV_BUILD_GUI is OFF)");
}

#endif

} // namespace pikv::cli
