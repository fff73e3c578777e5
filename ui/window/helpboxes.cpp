// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/window/helpboxes.h"
#include "core/eval/engine.h"
#include "core/eval/evaluator.h"
#include "ui/window/actions.h"
#include <QMessageBox>

namespace pikv::ui {
namespace {

QString row(const QString& keys, const QString& what)
{
    return QStringLiteral("<tr><td><b>%1</b>&nbsp;&nbsp;</td><td>%2</td></tr>").arg(keys, what.toHtmlEscaped());
}

} // namespace

void showShortcuts(const Actions& actions, QWidget* parent)
{
    QString rows;
    for (const QAction* action : actions.all())
        if (!action->shortcut().isEmpty())
            rows += row(action->shortcut().toString(QKeySequence::NativeText), action->iconText());
    rows += row(QObject::tr("Ctrl+1 to 5"), QObject::tr("The charts"));
    rows += row(QObject::tr("Shift+drag"), QObject::tr("Select the points of a rectangle in the trade-off chart"));
    rows += row(QObject::tr("Click in a legend"), QObject::tr("Hide or show a method in that chart"));
    rows += row(QObject::tr("Double click on a result"), QObject::tr("Its settings into the form"));
    rows += row(QObject::tr("Delete"), QObject::tr("Take the selected results out of the table"));
    rows += row(QObject::tr("Menu key in the table"), QObject::tr("Choose and sort by columns"));
    QMessageBox box(QMessageBox::NoIcon, QObject::tr("Keyboard shortcuts"),
        QStringLiteral("<table>%1</table>").arg(rows), QMessageBox::Close, parent);
    box.setObjectName(QStringLiteral("shortcutsBox"));
    box.exec();
}

void showAbout(QWidget* parent)
{
    QMessageBox box(parent);
    box.setObjectName(QStringLiteral("aboutBox"));
    box.setWindowTitle(QObject::tr("About PiKV Explorer"));
    box.setText(QObject::tr(
        "<b>PiKV Explorer %1</b><p>Explore KV-cache compression on your own dumps: real stored bytes against "
        "reconstruction and attention error.</p><p>%2</p><p>Licence: GPL-3.0-or-later</p>")
                    .arg(QStringLiteral(PIKV_VERSION), QString::fromStdString(engineDescription())));
    box.exec();
}

} // namespace pikv::ui
