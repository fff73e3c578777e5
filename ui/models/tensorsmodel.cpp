// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/tensorsmodel.h"
#include "core/base/text.h"
#include "ui/models/utf8.h"

namespace pikv::ui {

TensorsModel::TensorsModel(std::vector<StoredTensor> tensors, QObject* parent)
    : QAbstractTableModel(parent)
    , m_tensors(std::move(tensors))
{
}

int TensorsModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(m_tensors.size()); }

int TensorsModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : 3; }

QVariant TensorsModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid) || role != Qt::DisplayRole)
        return {};
    const StoredTensor& tensor = m_tensors[std::size_t(index.row())];
    if (index.column() == 0)
        return QString::fromStdString(tensor.name);
    if (index.column() == 1)
        return QString::fromStdString(shapeText(tensor.shape));
    const std::string_view type = dtypeName(tensor.dtype);
    return utf8(type);
}

QVariant TensorsModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    return section == 0 ? tr("Tensor") : section == 1 ? tr("Shape") : tr("Type");
}

} // namespace pikv::ui
