// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/window/filedrop.h"
#include <QApplication>
#include <QDropEvent>
#include <QMimeData>
#include <QWidget>

namespace pikv::ui {

FileDrop::FileDrop(QWidget* window)
    : QObject(window)
    , m_window(window)
{
    window->setAcceptDrops(true);
    qApp->installEventFilter(this);
}

bool FileDrop::eventFilter(QObject* watched, QEvent* event)
{
    const bool drag = event->type() == QEvent::DragEnter || event->type() == QEvent::DragMove;
    if (!drag && event->type() != QEvent::Drop)
        return QObject::eventFilter(watched, event);
    const auto* widget = qobject_cast<QWidget*>(watched);
    auto* drop = static_cast<QDropEvent*>(event); // the base of all three
    const QList<QUrl> urls = drop->mimeData()->urls();
    if (!widget || widget->window() != m_window || urls.isEmpty() || !urls.front().isLocalFile())
        return QObject::eventFilter(watched, event);
    drop->acceptProposedAction();
    if (!drag)
        Q_EMIT dropped(urls.front().toLocalFile());
    return true;
}

} // namespace pikv::ui
