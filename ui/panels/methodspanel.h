// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QTreeView>

namespace pikv::ui {

class MethodsModel;

/// The methods by family: a check box puts a method on the charts, the current one is edited in the form.
class MethodsPanel : public QTreeView {
    Q_OBJECT
public:
    explicit MethodsPanel(MethodsModel* model, QWidget* parent = nullptr);

    QString currentMethod() const;
    void setCurrentMethod(const QString& methodId);

Q_SIGNALS:
    void currentMethodChanged(const QString& methodId);

protected:
    /// Keys go from method to method, over the names of families.
    QModelIndex moveCursor(CursorAction action, Qt::KeyboardModifiers modifiers) override;
    void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    MethodsModel* m_methods;
};

} // namespace pikv::ui
