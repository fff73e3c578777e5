// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/measuredmetrics.h"
#include "ui/models/metrictext.h"
#include "ui/models/resultsmodel.h"

namespace pikv::ui {

MeasuredMetrics::MeasuredMetrics(const ResultsModel* model, QObject* parent)
    : QObject(parent)
    , m_model(model)
{
    connect(model, &QAbstractItemModel::rowsInserted, this,
        [this](const QModelIndex&, int first, int last) { look(first, last); });
    connect(model, &QAbstractItemModel::dataChanged, this,
        [this](const QModelIndex& first, const QModelIndex& last) { look(first.row(), last.row()); });
    connect(model, &QAbstractItemModel::rowsRemoved, this, [this] {
        if (m_nextToken) // else none is there that could be gone
            lookAtAll();
    });
    connect(model, &QAbstractItemModel::modelReset, this, &MeasuredMetrics::lookAtAll);
    lookAtAll();
}

void MeasuredMetrics::look(int first, int last)
{
    for (int row = first; row <= last && !m_nextToken; ++row)
        set(hasNextToken(*m_model->row(row).result));
}

void MeasuredMetrics::lookAtAll()
{
    bool found = false;
    for (int row = 0; row < m_model->resultCount() && !found; ++row)
        found = hasNextToken(*m_model->row(row).result);
    set(found);
}

void MeasuredMetrics::set(bool nextToken)
{
    if (std::exchange(m_nextToken, nextToken) != nextToken)
        Q_EMIT changed();
}

} // namespace pikv::ui
