// SPDX-License-Identifier: GPL-3.0-or-later
// A row has the item's own line with check box, marker and name, and the sentence below it in a smaller type.
#include "ui/panels/methoddelegate.h"
#include "ui/models/methodsmodel.h"
#include <QAbstractItemView>
#include <QApplication>
#include <QPainter>
#include <QTreeView>

namespace pikv::ui {
namespace {

QFont sentenceFont(const QFont& base)
{
    QFont font = base;
    font.setBold(false);
    if (font.pointSizeF() > 0)
        font.setPointSizeF(font.pointSizeF() * 0.88);
    return font;
}

/// Where text begins: behind check box and marker.
int textLeft(const QStyleOptionViewItem& option)
{
    const QStyle* style = option.widget ? option.widget->style() : QApplication::style();
    const int margin = style->pixelMetric(QStyle::PM_FocusFrameHMargin, nullptr, option.widget) + 1;
    return style->pixelMetric(QStyle::PM_IndicatorWidth, nullptr, option.widget) + option.decorationSize.width()
        + 6 * margin;
}

/// Of a method's row: the line with check box, marker and name.
QStyleOptionViewItem nameLine(QStyleOptionViewItem option)
{
    option.rect.setHeight(option.fontMetrics.height() + 6);
    return option;
}

QRect sentenceRect(const QStyleOptionViewItem& option, const QString& sentence, int width)
{
    const QFontMetrics metrics(sentenceFont(option.font));
    return metrics.boundingRect(QRect(0, 0, std::max(40, width), 10'000), Qt::TextWordWrap, sentence);
}

} // namespace

void MethodDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    const QString sentence = index.data(MethodsModel::SentenceRole).toString();
    if (sentence.isEmpty())
        return QStyledItemDelegate::paint(painter, option, index);
    QStyleOptionViewItem whole = option;
    initStyleOption(&whole, index);
    const QStyle* style = whole.widget ? whole.widget->style() : QApplication::style();
    style->drawPrimitive(QStyle::PE_PanelItemViewItem, &whole, painter, whole.widget);
    const QStyleOptionViewItem top = nameLine(option);
    QStyledItemDelegate::paint(painter, top, index);
    const bool selected = option.state & QStyle::State_Selected;
    const QPalette::ColorGroup group = option.state & QStyle::State_Active ? QPalette::Active : QPalette::Inactive;
    painter->save();
    painter->setFont(sentenceFont(option.font));
    painter->setPen(selected ? option.palette.color(group, QPalette::HighlightedText)
                             : option.palette.color(group, QPalette::PlaceholderText));
    const QRect rect = option.rect.adjusted(textLeft(option), top.rect.height() - 2, -4, -2);
    painter->drawText(rect, Qt::TextWordWrap, sentence);
    painter->restore();
}

QSize MethodDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    const QString sentence = index.data(MethodsModel::SentenceRole).toString();
    QSize size = QStyledItemDelegate::sizeHint(option, index);
    if (sentence.isEmpty())
        return size + QSize(0, 6);
    const auto* view = qobject_cast<const QAbstractItemView*>(option.widget);
    const auto* tree = qobject_cast<const QTreeView*>(option.widget);
    const int indent = tree ? tree->indentation() : 0;
    const int width = (view ? view->viewport()->width() : 300) - indent - textLeft(option) - 4;
    size.setHeight(option.fontMetrics.height() + 6 + sentenceRect(option, sentence, width).height() + 4);
    size.setWidth(0);
    return size;
}

bool MethodDelegate::editorEvent(
    QEvent* event, QAbstractItemModel* model, const QStyleOptionViewItem& option, const QModelIndex& index)
{
    const bool isMethod = !index.data(MethodsModel::SentenceRole).toString().isEmpty();
    return QStyledItemDelegate::editorEvent(event, model, isMethod ? nameLine(option) : option, index);
}

} // namespace pikv::ui
