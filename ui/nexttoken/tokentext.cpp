// SPDX-License-Identifier: GPL-3.0-or-later
// The text of the dump token by token: a cursor, and marks where some method has another most likely token.
#include "ui/nexttoken/tokentext.h"
#include "ui/theme/chartstyle.h"
#include "ui/theme/theme.h"
#include <QAbstractTextDocumentLayout>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QScrollBar>
#include <algorithm>

namespace pikv::ui {

TokenText::TokenText(QWidget* parent)
    : QTextEdit(parent)
{
    setObjectName(QStringLiteral("nextTokenText"));
    setAccessibleName(tr("Text with the predicted token"));
    setReadOnly(true);
    setUndoRedoEnabled(false);
    setFocusPolicy(Qt::StrongFocus);
    setTextInteractionFlags(Qt::NoTextInteraction); // the cursor is ours
    viewport()->setCursor(Qt::PointingHandCursor);
    setToolTip(
        tr("Click a token of the continuation, or move with the arrow keys.\nUnderlined: some method's most likely "
           "token is another than the original's."));
}

/// Spaces as they are, so that the text reads as text and wraps; a newline shows its sign and breaks the line.
void TokenText::setTokens(const QList<ShownToken>& tokens)
{
    QString text;
    m_ranges.clear();
    m_contextEnd = 0;
    for (const ShownToken& token : tokens) {
        const int begin = int(text.size());
        QString part = token.text;
        text += part.replace(QChar(0x2423), QLatin1Char(' ')).replace(QChar(0x21b5), QStringLiteral("\u21b5\n"));
        if (token.position < 0)
            m_contextEnd = int(text.size());
        else
            m_ranges.append({ begin, int(text.size()) });
    }
    setPlainText(text);
    m_changed.clear();
    m_cursor = 0;
    mark();
    ensureCursorVisible();
}

void TokenText::setCursorPosition(int position)
{
    if (m_ranges.isEmpty())
        return;
    m_cursor = std::clamp(position, 0, int(m_ranges.size()) - 1);
    mark();
    QTextCursor at(document());
    at.setPosition(m_ranges[m_cursor].begin);
    setTextCursor(at);
    ensureCursorVisible();
}

void TokenText::setChanged(const QSet<int>& positions)
{
    if (m_changed == positions)
        return;
    m_changed = positions;
    mark();
}

QTextEdit::ExtraSelection TokenText::selectionOf(Range range) const
{
    ExtraSelection selection;
    selection.cursor = QTextCursor(document());
    selection.cursor.setPosition(range.begin);
    selection.cursor.setPosition(range.end, QTextCursor::KeepAnchor);
    return selection;
}

void TokenText::mark()
{
    QList<ExtraSelection> marks;
    if (m_contextEnd > 0) {
        ExtraSelection context = selectionOf({ 0, m_contextEnd });
        context.format.setForeground(
            blend(palette().color(QPalette::Text), palette().color(QPalette::Base), share::kContext));
        marks << context;
    }
    for (const int position : std::as_const(m_changed)) {
        if (position >= m_ranges.size())
            continue;
        ExtraSelection changed = selectionOf(m_ranges[position]);
        changed.format.setUnderlineStyle(QTextCharFormat::SingleUnderline); // a wave would look like a spell checker's
        changed.format.setUnderlineColor(warningColor(palette()));
        marks << changed;
    }
    if (m_cursor < m_ranges.size()) {
        ExtraSelection cursor = selectionOf(m_ranges[m_cursor]);
        cursor.format.setBackground(palette().highlight());
        cursor.format.setForeground(palette().highlightedText());
        marks << cursor;
    }
    setExtraSelections(marks);
}

QPoint TokenText::pointOf(int position) const
{
    if (position < 0 || position >= m_ranges.size())
        return { -1, -1 };
    QTextCursor begin(document()), end(document());
    begin.setPosition(m_ranges[position].begin);
    end.setPosition(std::min(m_ranges[position].begin + 1, m_ranges[position].end));
    const QRect from = cursorRect(begin), to = cursorRect(end);
    return { to.left() > from.left() ? (from.left() + to.left()) / 2 : from.left() + 2, from.center().y() };
}

void TokenText::mousePressEvent(QMouseEvent* event)
{
    setFocus(Qt::MouseFocusReason);
    int at = document()->documentLayout()->hitTest(
        event->position() + QPointF(horizontalScrollBar()->value(), verticalScrollBar()->value()), Qt::FuzzyHit);
    QTextCursor gap(document()); // between two characters: the nearest one, not the one before the character hit
    gap.setPosition(std::max(0, at));
    if (cursorRect(gap).left() > event->position().x())
        --at;
    for (int i = 0; i < m_ranges.size(); ++i)
        if (at >= m_ranges[i].begin && at < m_ranges[i].end)
            Q_EMIT cursorMoved(i);
    event->accept();
}

void TokenText::keyPressEvent(QKeyEvent* event)
{
    constexpr int page = 10;
    const int last = int(m_ranges.size()) - 1;
    switch (event->key()) {
    case Qt::Key_Left:
        return Q_EMIT cursorMoved(std::max(0, m_cursor - 1));
    case Qt::Key_Right:
        return Q_EMIT cursorMoved(std::min(last, m_cursor + 1));
    case Qt::Key_PageUp:
        return Q_EMIT cursorMoved(std::max(0, m_cursor - page));
    case Qt::Key_PageDown:
        return Q_EMIT cursorMoved(std::min(last, m_cursor + page));
    case Qt::Key_Home:
        return Q_EMIT cursorMoved(0);
    case Qt::Key_End:
        return Q_EMIT cursorMoved(last);
    default:
        QTextEdit::keyPressEvent(event);
    }
}

void TokenText::resizeEvent(QResizeEvent* event)
{
    QTextEdit::resizeEvent(event);
    ensureCursorVisible(); // the text wraps anew
}

void TokenText::changeEvent(QEvent* event)
{
    QTextEdit::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        mark();
}

} // namespace pikv::ui
