// SPDX-License-Identifier: GPL-3.0-or-later
// What is typed is read before Qt's own rules: they would refuse the key that makes a number too large, or the comma.
#include "ui/panels/numberbox.h"
#include <QLineEdit>
#include <QToolTip>
#include <algorithm>
#include <utility>

namespace pikv::ui {

NumberBox::NumberBox(const QString& title, QWidget* parent)
    : QDoubleSpinBox(parent)
    , m_title(title)
{
    setKeyboardTracking(false);
    connect(this, &QAbstractSpinBox::editingFinished, this, &NumberBox::say);
}

void NumberBox::setHelp(const QString& help)
{
    m_help = help;
    setToolTip(tr("%1 (%2 to %3)").arg(help, textFromValue(minimum()), textFromValue(maximum())));
    setAccessibleDescription(toolTip());
}

/// The number in a text that may still carry prefix or suffix. A comma is a decimal sign: nobody types groups here.
bool NumberBox::parse(const QString& text, double* value) const
{
    QString number = text;
    if (!prefix().isEmpty() && number.startsWith(prefix()))
        number.remove(0, prefix().size());
    if (!suffix().trimmed().isEmpty())
        number.remove(suffix().trimmed());
    bool ok = false;
    *value = QLocale::c().toDouble(number.trimmed().replace(QLatin1Char(','), QLatin1Char('.')), &ok);
    return ok;
}

double NumberBox::valueFromText(const QString& text) const
{
    double value = 0;
    return parse(text, &value) ? value : this->value();
}

QValidator::State NumberBox::validate(QString& input, int&) const
{
    double value = 0;
    if (!parse(input, &value)) {
        static const QString parts = QStringLiteral("0123456789.,-+eE ");
        QString rest = input;
        rest.remove(prefix()).remove(suffix().trimmed());
        const bool mayBecome = std::all_of(rest.begin(), rest.end(), [](QChar c) { return parts.contains(c); });
        return mayBecome ? QValidator::Intermediate : QValidator::Invalid;
    }
    const bool fits = value >= minimum() && value <= maximum();
    return fits ? QValidator::Acceptable : QValidator::Intermediate;
}

void NumberBox::fixup(QString& input) const
{
    double value = 0;
    if (!parse(input, &value))
        return; // the box goes back to what it was
    const double taken = std::clamp(value, minimum(), maximum());
    if (taken != value)
        m_pending = tr("%1 takes %2 to %3: %4 became %5")
                        .arg(m_title, textFromValue(minimum()), textFromValue(maximum()),
                            QLocale().toString(value, 'g', 6), textFromValue(taken));
    input = prefix() + textFromValue(taken) + suffix();
}

void NumberBox::say()
{
    m_word = std::exchange(m_pending, {});
    if (!m_word.isEmpty())
        QToolTip::showText(mapToGlobal(QPoint(0, height())), m_word, this);
}

} // namespace pikv::ui
