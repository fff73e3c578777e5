// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QFrame>

class QLabel;
class QPushButton;

namespace pikv::ui {

/// A bar above the charts, where a dialog would be in the way: a sentence, what can be done about it, and a button that
/// hides it again. Hidden until somebody shows it.
class NoticeBar : public QFrame {
    Q_OBJECT
public:
    /// The bar, its text and its buttons are named "<name>Bar", "<name>Text", "<name>Action" and "<name>Ignore".
    NoticeBar(const QString& name, const QString& action, const QString& ignore, QWidget* parent);

    void setText(const QString& text);
    QPushButton* action() const { return m_action; }

Q_SIGNALS:
    /// After the bar was hidden.
    void ignored();

private:
    QLabel* m_text;
    QPushButton* m_action;
};

} // namespace pikv::ui
