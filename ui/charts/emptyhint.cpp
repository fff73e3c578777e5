// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/emptyhint.h"
#include <QEvent>

namespace pikv::ui {

EmptyHint::EmptyHint(const QString& text, const QString& objectName, QWidget* chart)
    : QLabel(chart)
    , m_text(text)
{
    setDumpOpen(false);
    setObjectName(objectName);
    setAlignment(Qt::AlignCenter);
    setWordWrap(true);
    setMargin(24);
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);
    setForegroundRole(QPalette::Text);
    setAttribute(Qt::WA_TransparentForMouseEvents);
    chart->installEventFilter(this);
}

void EmptyHint::setDumpOpen(bool open)
{
    setText(open ? m_text : tr("Open a KV-cache dump first (Ctrl+O), or drop one here"));
}

bool EmptyHint::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::Resize && watched == parent())
        setGeometry(parentWidget()->rect());
    return QLabel::eventFilter(watched, event);
}

} // namespace pikv::ui
