// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/dumplayout.h"
#include <QAbstractTableModel>

namespace pikv::ui {

/// The tensors of a file: name, shape, type.
class TensorsModel : public QAbstractTableModel {
    Q_OBJECT
public:
    explicit TensorsModel(std::vector<StoredTensor> tensors, QObject* parent = nullptr);
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::vector<StoredTensor> m_tensors;
};

} // namespace pikv::ui
