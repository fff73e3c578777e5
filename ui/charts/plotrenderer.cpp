// SPDX-License-Identifier: GPL-3.0-or-later
// The window's charts of a table of results as files, without a display.
#include "ui/charts/plotrenderer.h"
#include "core/base/error.h"
#include "core/eval/resultsio.h"
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

/// One chart of the series: two axes, or one figure as bars.
struct Chosen {
    const MetricInfo *x, *y; ///< `x` null: bars of `y`
};

QString nameOf(const MetricInfo& metric)
{
    return QString::fromLatin1(metric.name.data(), qsizetype(metric.name.size()));
}

} // namespace

struct ChartSeries::Parts {
    ExportSpec spec;
    ResultsModel model;
    QItemSelectionModel selection { &model };
    QList<Chosen> chosen;
    const DumpMeansModel* means = nullptr;
    ImportanceSpec importance; ///< of the means

    RenderedChart draw(ChartSource& chart, const QString& name)
    {
        spec.title = chart.chartTitle();
        return { name, spec.title, ChartExporter(chart, lightPalette(), QApplication::font()).render(spec) };
    }
};

ChartSeries::ChartSeries(const std::vector<EvaluationResult>& results, const ExportSpec& spec)
    : m_parts(std::make_unique<Parts>())
{
    m_parts->spec = spec;
    for (const EvaluationResult& result : results)
        m_parts->model.put(std::make_shared<EvaluationResult>(result), false);
    for (const auto& [x, y] : kTradeoffs)
        if (measured(results, *findMetric(x)) && measured(results, *findMetric(y)))
            m_parts->chosen << Chosen { findMetric(x), findMetric(y) };
    for (const char* metric : kComparisons)
        if (measured(results, *findMetric(metric)))
            m_parts->chosen << Chosen { nullptr, findMetric(metric) };
}

ChartSeries::~ChartSeries() = default;

void ChartSeries::setMeans(const DumpMeansModel* means, const ImportanceSpec& importance)
{
    m_parts->means = means;
    m_parts->importance = importance;
}

int ChartSeries::count() const { return int(m_parts->chosen.size()); }

RenderedChart ChartSeries::render(int index)
{
    const auto [x, y] = m_parts->chosen.at(index);
    if (x) {
        TradeoffChart chart(&m_parts->model, &m_parts->selection);
        if (m_parts->means)
            chart.setMeans(m_parts->means, [importance = m_parts->importance] { return importance; });
        chart.setAxes({ x, y, x->logScale, y->logScale });
        return m_parts->draw(chart, QStringLiteral("tradeoff-%1-%2").arg(nameOf(*y), nameOf(*x)));
    }
    ComparisonChart chart(&m_parts->model, &m_parts->selection);
    chart.setMetric(y, false);
    return m_parts->draw(chart, QStringLiteral("comparison-%1").arg(nameOf(*y)));
}

QStringList renderCharts(const std::vector<EvaluationResult>& results, const QString& outDir, const ExportSpec& spec)
{
    if (results.empty())
        throw inputError("There are no results to draw");
    if (!QDir().mkpath(outDir))
        throw resourceError("The folder '" + outDir.toStdString() + "' cannot be made");
    ChartSeries series(results, spec);
    QStringList files;
    for (int i = 0; i < series.count(); ++i) {
        const RenderedChart chart = series.render(i);
        files << QDir(outDir).filePath(chart.name + QLatin1Char('.') + formatSuffix(spec.format));
        writeFileAtomic(files.back().toStdString(), { chart.bytes.constData(), std::size_t(chart.bytes.size()) });
    }
    return files;
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
