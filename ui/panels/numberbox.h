// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QDoubleSpinBox>

namespace pikv::ui {

/// A spin box that takes whatever number is typed, with either decimal sign; one beyond its range becomes the bound,
/// and a word beside the box says so.
class NumberBox : public QDoubleSpinBox {
    Q_OBJECT
public:
    /// `title`: how the word calls what is typed, "Rank".
    explicit NumberBox(const QString& title, QWidget* parent = nullptr);

    /// The sentence shown where there is nothing to say about the last entry, with the range behind it.
    void setHelp(const QString& help);
    /// What was made of the last entry; "" where it was taken as it was.
    QString word() const { return m_word; }

    QValidator::State validate(QString& input, int& position) const override;
    void fixup(QString& input) const override;
    double valueFromText(const QString& text) const override;

private:
    bool parse(const QString& text, double* value) const;
    void say();

    QString m_title, m_help;
    mutable QString m_word, m_pending; ///< m_pending: about the entry that fixup() has just mended
};

} // namespace pikv::ui
