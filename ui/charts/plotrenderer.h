// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include "ui/export/exportspec.h"
#include <QByteArray>
#include <QStringList>
#include <memory>

class QApplication;

namespace pikv::ui {

class DumpMeansModel;

/// A chart as the bytes of a file.
struct RenderedChart {
    QString name; ///< of a file, without suffix: "tradeoff-mse-compression_ratio"
    QString title;
    QByteArray bytes;
};

/// The usual trade-offs and, as bars, the usual comparisons of `results`, each drawn when it is asked for; pairs
/// without any value are left out. Needs a QApplication.
class ChartSeries {
public:
    ChartSeries(const std::vector<EvaluationResult>& results, const ExportSpec& spec);
    ~ChartSeries();
    /// The trade-offs have these means of an importance, too; `means` outlives the series.
    void setMeans(const DumpMeansModel* means, const ImportanceSpec& importance);

    int count() const;
    /// Throws Error{Resource} for a PNG beyond 100 megapixels.
    RenderedChart render(int index);

private:
    struct Parts;
    std::unique_ptr<Parts> m_parts;
};

/// Draws the window's own charts of `results` to files: the usual trade-offs and, as bars, the usual comparisons; pairs
/// without any value are left out. `outDir` is made where it is missing. Needs a QApplication.
/// Returns the paths written. Throws Error{Resource} naming what cannot be written, Error{Input} without results.
QStringList renderCharts(const std::vector<EvaluationResult>& results, const QString& outDir, const ExportSpec& spec);

/// An application object for drawing where there is no display; keep it while charts are drawn.
std::unique_ptr<QApplication> makeHeadlessApplication();

} // namespace pikv::ui
