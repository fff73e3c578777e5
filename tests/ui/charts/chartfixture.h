// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/registry.h"
#include "ui/models/resultsmodel.h"
#include <QItemSelectionModel>
#include <QPalette>

namespace chartfixture {

inline constexpr const char* kAlpha = "test_alpha";
inline constexpr const char* kBeta = "test_beta";

/// A result with the given size and attention error; the other figures follow from them.
inline std::shared_ptr<pikv::EvaluationResult> makeResult(const char* id, std::int64_t rank, double bits, double error)
{
    auto result = std::make_shared<pikv::EvaluationResult>();
    result->method = { id, pikv::ParamSet(pikv::Registry::instance().get(id).params) };
    result->method.params.set("rank", rank);
    result->originalBytes = 16'000'000;
    result->storedBytes = std::uint64_t(1'000'000 * bits);
    result->compressSeconds = 0.1;
    result->decompressSeconds = 0.01;
    result->quality.attentionError = error;
    result->quality.mse = result->quality.keyMse = result->quality.valueMse = error * error;
    result->quality.keyNmse = result->quality.valueNmse = error * error;
    result->quality.cosine = result->quality.keyCosine = result->quality.valueCosine = 1 - error * error / 2;
    return result;
}

/// Gives the result `layers` x `heads` of per-head quality: error = layer + head / 10.
inline void addLayers(pikv::EvaluationResult& result, int layers, int heads)
{
    for (int layer = 0; layer < layers; ++layer) {
        pikv::LayerQuality entry;
        entry.layer = layer;
        for (int head = 0; head < heads; ++head) {
            pikv::QualityMetrics quality;
            quality.keyNmse = layer + head / 10.0;
            entry.heads.push_back(quality);
        }
        result.layers.push_back(entry);
    }
}

struct Results {
    pikv::ui::ResultsModel model;
    QItemSelectionModel selection { &model };

    /// Rows 0 to 4: a sweep of Alpha with its live point at row 1, a sweep of Beta with its live point at row 4.
    void addTwoSweeps()
    {
        model.put(makeResult(kAlpha, 4, 2, 0.4), false);
        model.put(makeResult(kAlpha, 8, 4, 0.1), true);
        model.put(makeResult(kAlpha, 16, 8, 0.02), false);
        model.put(makeResult(kBeta, 4, 3, 0.6), false);
        model.put(makeResult(kBeta, 8, 6, 0.2), true);
    }
    QList<int> selectedRows() const
    {
        QList<int> rows;
        for (const QModelIndex& index : selection.selectedRows())
            rows << index.row();
        std::sort(rows.begin(), rows.end());
        return rows;
    }
};

inline QPalette darkPalette()
{
    QPalette palette(QColor(50, 50, 55), QColor(35, 35, 40));
    palette.setColor(QPalette::Base, QColor(20, 20, 24));
    palette.setColor(QPalette::Text, QColor(230, 230, 230));
    return palette;
}

} // namespace chartfixture
