// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QStandardItemModel>
#include <QStringList>

namespace pikv::ui {

/// The registry as a tree: families, and below each its methods with marker, check box and sentence.
class MethodsModel : public QStandardItemModel {
    Q_OBJECT
public:
    enum Role { MethodIdRole = Qt::UserRole + 1, SentenceRole };
    explicit MethodsModel(QObject* parent = nullptr);

    QStringList checkedMethods() const;
    void setCheckedMethods(const QStringList& ids);
    QModelIndex indexOf(const QString& methodId) const;
    /// Redraws the markers in the palette's colours.
    void updateIcons();

Q_SIGNALS:
    void checkedChanged(const QString& methodId, bool checked);

private:
    QStandardItem* itemOf(const QString& methodId) const;
    void noteChange(QStandardItem* item);

    QStringList m_checked; ///< as last announced
};

} // namespace pikv::ui
