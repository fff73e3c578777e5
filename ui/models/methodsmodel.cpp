// SPDX-License-Identifier: GPL-3.0-or-later
// The methods by family, with check boxes.
#include "ui/models/methodsmodel.h"
#include "core/codec/registry.h"
#include "ui/theme/methodstyle.h"
#include "ui/theme/theme.h"
#include <QApplication>
#include <QFont>
#include <QMetaMethod>

namespace pikv::ui {
namespace {

QStandardItem* methodItem(const MethodInfo& method)
{
    auto* item = new QStandardItem(QString::fromStdString(method.label));
    item->setData(QString::fromStdString(method.id), MethodsModel::MethodIdRole);
    item->setData(QString::fromStdString(method.sentence), MethodsModel::SentenceRole);
    item->setCheckable(true);
    item->setCheckState(method.checkedByDefault ? Qt::Checked : Qt::Unchecked);
    item->setEditable(false);
    item->setToolTip(QStringLiteral("<p><b>%1</b> (%2)</p><p>%3</p><p>%4</p>")
                         .arg(QString::fromStdString(method.label).toHtmlEscaped(),
                             QString::fromStdString(method.id).toHtmlEscaped(),
                             QString::fromStdString(method.sentence).toHtmlEscaped(),
                             QString::fromStdString(method.reference).toHtmlEscaped()));
    item->setAccessibleText(
        QStringLiteral("%1: %2").arg(QString::fromStdString(method.label), QString::fromStdString(method.sentence)));
    return item;
}

} // namespace

MethodsModel::MethodsModel(QObject* parent)
    : QStandardItemModel(parent)
{
    for (const std::string& family : methodFamilies()) {
        QStandardItem* group = nullptr;
        for (const MethodInfo& method : Registry::instance().methods()) {
            if (method.family != family)
                continue;
            if (!group) {
                group = new QStandardItem(QString::fromStdString(family));
                group->setFlags(Qt::ItemIsEnabled);
                QFont font = group->font();
                font.setBold(true);
                group->setFont(font);
                appendRow(group);
            }
            group->appendRow(methodItem(method));
        }
    }
    m_checked = checkedMethods();
    updateIcons();
    connect(this, &QStandardItemModel::itemChanged, this, &MethodsModel::noteChange);
}

QStringList MethodsModel::checkedMethods() const
{
    QStringList ids;
    for (int g = 0; g < rowCount(); ++g)
        for (int r = 0; r < item(g)->rowCount(); ++r)
            if (item(g)->child(r)->checkState() == Qt::Checked)
                ids.append(item(g)->child(r)->data(MethodIdRole).toString());
    return ids;
}

void MethodsModel::setCheckedMethods(const QStringList& ids)
{
    for (const MethodInfo& method : Registry::instance().methods()) {
        const QString id = QString::fromStdString(method.id);
        itemOf(id)->setCheckState(ids.contains(id) ? Qt::Checked : Qt::Unchecked);
    }
}

void MethodsModel::setChecked(const QString& methodId, bool checked)
{
    if (QStandardItem* item = itemOf(methodId))
        item->setCheckState(checked ? Qt::Checked : Qt::Unchecked);
}

bool MethodsModel::setData(const QModelIndex& index, const QVariant& value, int role)
{
    const QString id = index.data(MethodIdRole).toString();
    if (role != Qt::CheckStateRole || id.isEmpty())
        return QStandardItemModel::setData(index, value, role);
    if (!isSignalConnected(QMetaMethod::fromSignal(&MethodsModel::checkRequested)))
        return QStandardItemModel::setData(index, value, role);
    Q_EMIT checkRequested(id, value.toInt() == Qt::Checked);
    return true;
}

QString MethodsModel::labelOf(const QString& methodId)
{
    return QString::fromStdString(Registry::instance().get(methodId.toStdString()).label);
}

QStandardItem* MethodsModel::itemOf(const QString& methodId) const
{
    for (int g = 0; g < rowCount(); ++g)
        for (int r = 0; r < item(g)->rowCount(); ++r)
            if (item(g)->child(r)->data(MethodIdRole).toString() == methodId)
                return item(g)->child(r);
    return nullptr;
}

QModelIndex MethodsModel::indexOf(const QString& methodId) const
{
    const QStandardItem* found = itemOf(methodId);
    return found ? found->index() : QModelIndex();
}

void MethodsModel::updateIcons()
{
    const bool dark = isDarkPalette(QApplication::palette());
    for (int g = 0; g < rowCount(); ++g)
        for (int r = 0; r < item(g)->rowCount(); ++r)
            item(g)->child(r)->setIcon(methodIcon(item(g)->child(r)->data(MethodIdRole).toString(), dark));
}

void MethodsModel::noteChange(QStandardItem* changed)
{
    const QString id = changed->data(MethodIdRole).toString();
    if (id.isEmpty())
        return;
    const bool checked = changed->checkState() == Qt::Checked;
    if (m_checked.contains(id) == checked)
        return; // something else of the item changed
    if (checked)
        m_checked.append(id);
    else
        m_checked.removeAll(id);
    Q_EMIT checkedChanged(id, checked);
}

} // namespace pikv::ui
