// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/emptyhint.h"
#include <QEvent>

namespace pikv::ui {

EmptyHint::EmptyHint(QWidget* chart)
    : QLabel(chart)
{
    setAlignment(Qt::AlignCenter);
    setWordWrap(true);
    setMargin(24);
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);
    setForegroundRole(QPalette::Text);
    setAttribute(Qt::WA_TransparentForMouseEvents);
    chart->installEventFilter(this);
}

bool EmptyHint::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::Resize && watched == parent())
        setGeometry(parentWidget()->rect());
    return QLabel::eventFilter(watched, event);
}

} // namespace pikv::ui
