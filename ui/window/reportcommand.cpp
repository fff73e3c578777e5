// SPDX-License-Identifier: GPL-3.0-or-later
// A report in steps, none of which is felt: one chart a turn, then the file, in a thread of its own.
#include "ui/window/reportcommand.h"
#include "core/eval/problem.h"
#include "core/eval/resultsio.h"
#include "ui/charts/plotrenderer.h"
#include "ui/export/reportpdf.h"
#include "ui/models/dumpmeansmodel.h"
#include "ui/session/session.h"
#include <QFileInfo>
#include <QFutureWatcher>
#include <QTimer>
#include <QtConcurrentRun>
#include <optional>

namespace pikv::ui {
namespace {

QString suffixOf(const QString& path) { return QFileInfo(path).suffix().toLower(); }

std::string bytesOf(const StudyReport& report, const QString& suffix)
{
    return suffix == QLatin1String("pdf") ? reportPdf(report).toStdString()
        : suffix == QLatin1String("md")   ? reportMarkdown(report)
        : suffix == QLatin1String("tex")  ? reportLatex(report)
                                          : reportHtml(report);
}

} // namespace

ReportCommand::ReportCommand(Session* session, QObject* parent)
    : QObject(parent)
    , m_session(session)
{
}

ReportCommand::~ReportCommand() = default;

ReportFacts ReportCommand::facts(const std::vector<EvaluationResult>& results) const
{
    ReportFacts facts;
    if (const CacheInfo* info = m_session->info())
        facts = dumpFacts(*info);
    if (const std::string& fingerprint = m_session->engine()->fingerprint(); !fingerprint.empty())
        facts.emplace_back("Fingerprint", fingerprint);
    for (const auto& fact : studyFacts(results))
        facts.push_back(fact);
    return facts;
}

void ReportCommand::write(const std::vector<EvaluationResult>& results, const QString& path)
{
    ++m_run;
    m_path = path;
    const QString dump = QFileInfo(m_session->dumpPath()).fileName();
    m_report
        = { (dump.isEmpty() ? tr("KV-cache compression") : tr("KV-cache compression of %1").arg(dump)).toStdString(),
              facts(results), {}, reportTables(results) };
    const DumpMeansModel* means = m_session->means();
    if (!means->isEmpty())
        m_report.tables.insert(m_report.tables.begin(), meansTable(means->dumps(), means->means()));
    m_series.reset();
    const QString suffix = suffixOf(path);
    if (suffix == QLatin1String("md") || suffix == QLatin1String("tex"))
        return finish();
    ExportSpec spec;
    spec.format = ExportSpec::Svg;
    m_series = std::make_unique<ChartSeries>(results, spec);
    if (!means->isEmpty())
        m_series->setMeans(means, m_session->importance());
    drawNext(0);
}

void ReportCommand::drawNext(int index)
{
    if (index == m_series->count())
        return finish();
    const RenderedChart chart = m_series->render(index);
    m_report.charts.push_back({ chart.title.toStdString(), chart.bytes.toStdString() });
    QTimer::singleShot(0, this, [this, index, run = m_run] {
        if (run == m_run)
            drawNext(index + 1);
    });
}

void ReportCommand::finish()
{
    m_series.reset();
    auto* watcher = new QFutureWatcher<std::optional<Problem>>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, path = m_path] {
        watcher->deleteLater();
        if (const auto problem = watcher->result())
            m_session->report(*problem);
        else
            Q_EMIT done(path);
    });
    watcher->setFuture(QtConcurrent::run([report = m_report, path = m_path]() -> std::optional<Problem> {
        try {
            writeFileAtomic(path.toStdString(), bytesOf(report, suffixOf(path)));
            return {};
        } catch (...) {
            return currentProblem();
        }
    }));
}

} // namespace pikv::ui
