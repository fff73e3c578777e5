// SPDX-License-Identifier: GPL-3.0-or-later
// A tree whose families are headings: always open, never current.
#include "ui/panels/methodspanel.h"
#include "ui/models/methodsmodel.h"
#include "ui/panels/methoddelegate.h"
#include <QEvent>
#include <QHeaderView>

namespace pikv::ui {

MethodsPanel::MethodsPanel(MethodsModel* model, QWidget* parent)
    : QTreeView(parent)
    , m_methods(model)
{
    setObjectName(QStringLiteral("methodsPanel"));
    setAccessibleName(tr("Methods"));
    setHeaderHidden(true);
    setRootIsDecorated(false);
    setItemsExpandable(false);
    setIndentation(fontMetrics().averageCharWidth());
    setUniformRowHeights(false);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setItemDelegate(new MethodDelegate(this));
    setModel(model);
    expandAll();
    connect(model, &QAbstractItemModel::rowsInserted, this, &QTreeView::expandAll);
}

QString MethodsPanel::currentMethod() const { return currentIndex().data(MethodsModel::MethodIdRole).toString(); }

void MethodsPanel::setCurrentMethod(const QString& methodId)
{
    const QModelIndex index = m_methods->indexOf(methodId);
    if (index.isValid())
        setCurrentIndex(index);
}

void MethodsPanel::currentChanged(const QModelIndex& current, const QModelIndex& previous)
{
    QTreeView::currentChanged(current, previous);
    const QString id = current.data(MethodsModel::MethodIdRole).toString();
    if (!id.isEmpty())
        Q_EMIT currentMethodChanged(id);
}

QModelIndex MethodsPanel::moveCursor(CursorAction action, Qt::KeyboardModifiers modifiers)
{
    const QModelIndex from = currentIndex();
    QModelIndex to = QTreeView::moveCursor(action, modifiers);
    const auto isMethod = [](const QModelIndex& index) { return index.data(MethodsModel::MethodIdRole).isValid(); };
    const bool up = action == MoveUp || action == MovePageUp || action == MovePrevious || action == MoveLeft;
    while (to.isValid() && !isMethod(to))
        to = up ? indexAbove(to) : indexBelow(to);
    return to.isValid() ? to : from;
}

void MethodsPanel::resizeEvent(QResizeEvent* event)
{
    QTreeView::resizeEvent(event);
    scheduleDelayedItemsLayout(); // sentences wrap to the new width
}

void MethodsPanel::changeEvent(QEvent* event)
{
    QTreeView::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        m_methods->updateIcons();
}

} // namespace pikv::ui
