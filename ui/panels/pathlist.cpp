// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/pathlist.h"
#include <QFileInfo>
#include <QPushButton>

namespace pikv::ui {

PathList::PathList(QWidget* parent)
    : QListWidget(parent)
{
    setSelectionMode(QAbstractItemView::ExtendedSelection);
    setTabKeyNavigation(false);
}

QStringList PathList::paths() const
{
    QStringList all;
    for (int row = 0; row < count(); ++row)
        all << item(row)->data(Qt::UserRole).toString();
    return all;
}

void PathList::addPaths(const QStringList& paths)
{
    for (const QString& one : paths) {
        const QString path = QFileInfo(one).absoluteFilePath();
        if (this->paths().contains(path))
            continue;
        auto* item = new QListWidgetItem(QFileInfo(path).fileName(), this);
        item->setToolTip(path);
        item->setData(Qt::UserRole, path);
    }
    Q_EMIT pathsChanged();
}

QPushButton* PathList::createRemoveButton(const QString& objectName)
{
    auto* remove = new QPushButton(tr("&Remove"), parentWidget());
    remove->setObjectName(objectName);
    remove->setAutoDefault(false);
    remove->setEnabled(false);
    connect(this, &QListWidget::itemSelectionChanged, remove,
        [this, remove] { remove->setEnabled(!selectedItems().isEmpty()); });
    connect(remove, &QPushButton::clicked, this, [this] {
        qDeleteAll(selectedItems());
        Q_EMIT pathsChanged();
    });
    return remove;
}

} // namespace pikv::ui
