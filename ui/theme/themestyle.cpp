// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme/themestyle.h"
#include "ui/theme/theme.h"
#include <QStyleOption>

namespace pikv::ui {

ThemeStyle::ThemeStyle()
    : QProxyStyle(QStringLiteral("Fusion"))
{
}

void ThemeStyle::drawPrimitive(
    PrimitiveElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const
{
    const bool isCheck = element == PE_IndicatorCheckBox || element == PE_IndicatorItemViewItemCheck
        || element == PE_IndicatorRadioButton;
    if (!isCheck || !isDarkPalette(option->palette))
        return QProxyStyle::drawPrimitive(element, option, painter, widget);
    const auto draw = [&](auto copy) {
        // The frame is this colour darkened by 1.4.
        copy.palette.setColor(QPalette::Window, copy.palette.color(QPalette::PlaceholderText).lighter(130));
        QProxyStyle::drawPrimitive(element, &copy, painter, widget);
    };
    if (const auto* item = qstyleoption_cast<const QStyleOptionViewItem*>(option))
        return draw(QStyleOptionViewItem(*item));
    if (const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option))
        return draw(QStyleOptionButton(*button));
    draw(QStyleOption(*option));
}

} // namespace pikv::ui
