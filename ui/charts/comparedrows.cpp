// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/comparedrows.h"
#include "ui/models/resultsmodel.h"
#include <QMap>
#include <algorithm>

namespace pikv::ui {
namespace {

constexpr int kMostBars = 12; // of a file of results before each method is reduced to one
constexpr int kLongestLabel = 30; // characters

} // namespace

QList<int> comparedRows(const ResultsModel& model)
{
    QList<int> present, all;
    for (int row = 0; row < model.resultCount(); ++row) {
        all << row;
        if (model.row(row).current)
            present << row;
    }
    if (!present.isEmpty() || all.size() <= kMostBars)
        return present.isEmpty() ? all : present;
    QMap<std::string, int> byMethod;
    for (const int row : all) {
        const MethodSpec& method = model.row(row).result->method;
        if (!byMethod.contains(method.id) || printSpec(method) == method.id)
            byMethod[method.id] = row;
    }
    QList<int> chosen = byMethod.values();
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

QString comparedLabel(const ResultsModel& model, int row)
{
    const QString name = model.index(row, ResultsModel::MethodColumn).data().toString();
    if (model.row(row).current)
        return name;
    const QString spec = QString::fromStdString(printSpec(model.row(row).result->method));
    const qsizetype colon = spec.indexOf(QLatin1Char(':'));
    if (colon < 0)
        return name;
    const QString full = name + QLatin1Char(' ') + spec.mid(colon + 1).replace(QLatin1Char(','), QLatin1Char(' '));
    return full.size() > kLongestLabel ? full.left(kLongestLabel - 1) + QChar(0x2026) : full;
}

} // namespace pikv::ui
