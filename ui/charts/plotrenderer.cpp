// SPDX-License-Identifier: GPL-3.0-or-later
// The window's charts of a table of results as files, without a display.
#include "ui/charts/plotrenderer.h"
#include "core/base/error.h"
#include "ui/charts/comparisonchart.h"
#include "ui/charts/tradeoffchart.h"
#include "ui/export/chartexporter.h"
#include <QApplication>
#include <QDir>
#include <QItemSelectionModel>
#include <array>

namespace pikv::ui {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 8> kTradeoffs { {
    { "bits_per_element", "attention_error" },
    { "compression_ratio", "key_nmse" },
    { "compression_ratio", "value_nmse" },
    { "compression_ratio", "mse" },
    { "compression_ratio", "cosine" },
    { "bits_per_element", "next_token_kl" },
    { "bits_per_element", "next_token_accuracy" },
    { "bits_per_element", "compress_seconds" },
} };
constexpr std::array kComparisons { "compression_ratio", "attention_error", "mse", "cosine", "compress_seconds",
    "decompress_seconds", "next_token_kl" };

bool measured(const std::vector<EvaluationResult>& results, const MetricInfo& metric)
{
    return std::any_of(results.begin(), results.end(), [&](const auto& r) { return std::isfinite(metric.value(r)); });
}

class Renderer {
public:
    Renderer(const std::vector<EvaluationResult>& results, const QDir& folder, ExportSpec spec)
        : m_results(results)
        , m_folder(folder)
        , m_spec(std::move(spec))
        , m_selection(&m_model)
    {
        for (const EvaluationResult& result : results)
            m_model.put(std::make_shared<EvaluationResult>(result), false);
    }

    void tradeoff(const MetricInfo& x, const MetricInfo& y)
    {
        if (!measured(m_results, x) || !measured(m_results, y))
            return;
        TradeoffChart chart(&m_model, &m_selection);
        chart.setAxes({ &x, &y, x.logScale, y.logScale });
        write(chart, QStringLiteral("tradeoff-%1-%2").arg(name(y), name(x)));
    }

    void comparison(const MetricInfo& metric)
    {
        if (!measured(m_results, metric))
            return;
        ComparisonChart chart(&m_model, &m_selection);
        chart.setMetric(&metric, false);
        write(chart, QStringLiteral("comparison-%1").arg(name(metric)));
    }

    const QStringList& files() const { return m_files; }

private:
    static QString name(const MetricInfo& metric)
    {
        return QString::fromLatin1(metric.name.data(), qsizetype(metric.name.size()));
    }

    void write(ChartSource& chart, const QString& stem)
    {
        m_spec.title = chart.chartTitle();
        const QString path = m_folder.filePath(stem + QLatin1Char('.') + formatSuffix(m_spec.format));
        ChartExporter(chart, lightPalette(), QApplication::font()).write(path, m_spec);
        m_files << path;
    }

    const std::vector<EvaluationResult>& m_results;
    QDir m_folder;
    ExportSpec m_spec;
    ResultsModel m_model;
    QItemSelectionModel m_selection;
    QStringList m_files;
};

} // namespace

QStringList renderCharts(const std::vector<EvaluationResult>& results, const QString& outDir, const ExportSpec& spec)
{
    if (results.empty())
        throw inputError("There are no results to draw");
    if (!QDir().mkpath(outDir))
        throw resourceError("The folder '" + outDir.toStdString() + "' cannot be made");
    Renderer renderer(results, QDir(outDir), spec);
    for (const auto& [x, y] : kTradeoffs)
        renderer.tradeoff(*findMetric(x), *findMetric(y));
    for (const char* metric : kComparisons)
        renderer.comparison(*findMetric(metric));
    return renderer.files();
}

std::unique_ptr<QApplication> makeHeadlessApplication()
{
    qputenv("QT_QPA_PLATFORM", "offscreen");
    static int argc = 1; // QApplication keeps a reference for its whole life
    static char name[] = "pikv";
    static char* argv[] = { name, nullptr };
    return std::make_unique<QApplication>(argc, argv);
}

} // namespace pikv::ui
