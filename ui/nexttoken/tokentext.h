// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QSet>
#include <QTextEdit>

namespace pikv::ui {

/// One token of the text that is scored.
struct ShownToken {
    QString text; ///< readable; spaces as ␣, newlines as ↵
    int position = -1; ///< the scored position that predicts it; -1: context
};

/// The text, context and continuation, with a cursor on the token that is predicted: click or arrow keys move it.
class TokenText : public QTextEdit {
    Q_OBJECT
public:
    explicit TokenText(QWidget* parent = nullptr);

    void setTokens(const QList<ShownToken>& tokens);
    void setCursorPosition(int position);
    /// Positions at which some method's most likely token differs: underlined.
    void setChanged(const QSet<int>& positions);
    int cursorPosition() const { return m_cursor; }
    /// Middle of a position's token in the viewport's pixels.
    QPoint pointOf(int position) const;

Q_SIGNALS:
    /// By mouse or key: the user means the token at this position; setCursorPosition() is to follow.
    void cursorMoved(int position);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    struct Range {
        int begin = 0, end = 0;
    };
    void mark();
    QTextEdit::ExtraSelection selectionOf(Range range) const;

    QList<Range> m_ranges; ///< characters of each position's token
    int m_contextEnd = 0; ///< characters
    int m_cursor = 0;
    QSet<int> m_changed;
};

} // namespace pikv::ui
