// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/nexttoken/positionkeys.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/nexttoken/nexttokenmodel.h"
#include <QKeyEvent>

namespace pikv::ui {

bool moveByKey(NextTokenController& controller, const QKeyEvent& event)
{
    switch (event.key()) {
    case Qt::Key_Left:
        controller.setCursor(controller.cursor() - 1);
        return true;
    case Qt::Key_Right:
        controller.setCursor(controller.cursor() + 1);
        return true;
    case Qt::Key_Home:
        controller.setCursor(0);
        return true;
    case Qt::Key_End:
        controller.setCursor(controller.figures()->positionCount() - 1);
        return true;
    default:
        return false;
    }
}

} // namespace pikv::ui
