// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/wheelguard.h"
#include <QAbstractSlider>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QEvent>
#include <QScrollBar>

namespace pikv::ui {
namespace {

class WheelGuard : public QObject {
public:
    using QObject::QObject;

protected:
    bool eventFilter(QObject* watched, QEvent* event) override
    {
        const auto* control = qobject_cast<QWidget*>(watched);
        if (event->type() != QEvent::Wheel || !control || control->hasFocus())
            return QObject::eventFilter(watched, event);
        event->ignore(); // Qt goes on with the parent
        return true;
    }
};

} // namespace

void guardFromWheel(QWidget* control)
{
    if (control->focusPolicy() == Qt::WheelFocus)
        control->setFocusPolicy(Qt::StrongFocus);
    control->installEventFilter(new WheelGuard(control));
}

void guardControlsFromWheel(QWidget* panel)
{
    for (QWidget* control : panel->findChildren<QWidget*>())
        if (qobject_cast<QComboBox*>(control) || qobject_cast<QAbstractSpinBox*>(control)
            || (qobject_cast<QAbstractSlider*>(control) && !qobject_cast<QScrollBar*>(control)))
            guardFromWheel(control);
}

} // namespace pikv::ui
