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
    void setChecked(const QString& methodId, bool checked);
    /// A method's name as the list shows it.
    static QString labelOf(const QString& methodId);
    QModelIndex indexOf(const QString& methodId) const;
    /// Redraws the markers in the palette's colours.
    void updateIcons();

    /// A view's check box is a wish, checkRequested(), where somebody listens to that; else it is done at once.
    bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;

Q_SIGNALS:
    /// The user clicked a check box; whoever listens has setChecked() follow, with a step of undo or without.
    void checkRequested(const QString& methodId, bool checked);
    /// A method is checked now, or no longer.
    void checkedChanged(const QString& methodId, bool checked);

private:
    QStandardItem* itemOf(const QString& methodId) const;
    void noteChange(QStandardItem* item);

    QStringList m_checked; ///< as last announced
};

} // namespace pikv::ui
