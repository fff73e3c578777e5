// SPDX-License-Identifier: GPL-3.0-or-later
// Places of bars, and the mouse and keys that walk along them.
#include "ui/charts/resultbars.h"
#include <QItemSelectionModel>
#include <QKeyEvent>
#include <algorithm>

namespace pikv::ui {

QRectF ResultBars::bandOf(int row) const
{
    const QRectF area = plotArea();
    const double height = area.height() / double(std::max<qsizetype>(1, m_rows.size()));
    return { 0, area.top() + height * double(m_rows.indexOf(row)), double(width()), height };
}

int ResultBars::rowAt(QPointF position) const
{
    for (const int row : m_rows) {
        if (bandOf(row).contains(position))
            return row;
    }
    return -1;
}

void ResultBars::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton)
        return QWidget::mousePressEvent(event);
    if (const int row = rowAt(event->position()); row >= 0)
        selectRows({ row }, event->modifiers());
    else
        selection().clearSelection();
}

void ResultBars::moveCursor(qsizetype bar)
{
    if (bar < 0 || bar >= m_rows.size())
        return;
    const int row = m_rows[bar];
    setCursorRow(row);
    showTooltip(tooltipOf(row), mapToGlobal(bandOf(row).center().toPoint()));
    announce(spoken(bar));
}

void ResultBars::keyPressEvent(QKeyEvent* event)
{
    const qsizetype here = m_rows.indexOf(cursorRow()), last = m_rows.size() - 1;
    switch (event->key()) {
    case Qt::Key_Up:
    case Qt::Key_Left:
        return moveCursor(here < 0 ? last : qMax<qsizetype>(0, here - 1));
    case Qt::Key_Down:
    case Qt::Key_Right:
        return moveCursor(qMin(last, here + 1));
    case Qt::Key_Home:
        return moveCursor(0);
    case Qt::Key_End:
        return moveCursor(last);
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
        if (here >= 0)
            selectRows({ cursorRow() }, event->modifiers());
        return;
    case Qt::Key_Escape:
        setCursorRow(-1);
        return selection().clearSelection();
    default:
        QWidget::keyPressEvent(event);
    }
}

} // namespace pikv::ui
