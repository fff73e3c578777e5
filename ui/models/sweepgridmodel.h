// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/methodspec.h"
#include <QStandardItemModel>
#include <QStringList>
#include <string>
#include <utility>
#include <vector>

namespace pikv::ui {

/// A sweep's grid as a tree: methods with check boxes, and below each its parameters with the values that are measured.
/// Values are texts as the command line has them, without the outer brackets: "4, 8, 16", "4..64:*2", "head, channel".
class SweepGridModel : public QStandardItemModel {
    Q_OBJECT
public:
    enum Column { NameColumn, ValuesColumn, AllowedColumn, PointsColumn, TimeColumn, ColumnCount };
    enum Role { NameRole = Qt::UserRole + 1 }; ///< QString, of the first column: the method's id, the parameter's name
    explicit SweepGridModel(QObject* parent = nullptr);

    /// Shows these specs with lists: their methods are checked, or not where `check` is false.
    void setSpec(const std::string& spec, bool check);
    void setChecked(const QStringList& methods);
    QStringList checkedMethods() const;
    /// The method's row as a spec; what is wrong with it is told by problem().
    std::string specOf(const QString& methodId) const;
    /// Every point of a method; empty exactly where something is wrong.
    const std::vector<MethodSpec>& points(const QString& methodId) const;
    /// What is wrong with a checked method, as a sentence; "" where nothing is.
    QString problem() const;
    QModelIndex indexOf(const QString& methodId) const;
    /// Of a method's row.
    void setCost(const QString& methodId, const QString& points, const QString& time);

    bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;

Q_SIGNALS:
    /// The user changed a method's values.
    void valuesChanged(const QString& methodId);
    void checkedChanged();

private:
    struct Row {
        QString id;
        QStandardItem* item = nullptr;
        std::vector<MethodSpec> points;
        QString problem;
    };
    const Row* rowOf(const QString& methodId) const;
    Row* rowOf(const QString& methodId) { return const_cast<Row*>(std::as_const(*this).rowOf(methodId)); }
    void expand(Row& row);
    void showValues(const Row& row);

    std::vector<Row> m_rows; ///< in the order of the methods
};

} // namespace pikv::ui
