// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/export/chartsource.h"
#include <QList>
#include <QWidget>

namespace pikv::ui {

/// Probabilities of a few tokens under several caches.
struct TokenBarData {
    struct Set {
        QString name; ///< "Original", "KIVI"
        QColor color;
        QList<double> values; ///< one a token, 0 to 1; NaN: not known
        bool stale = false;
    };
    QStringList tokens; ///< from top to bottom
    QList<Set> sets; ///< of each token's bars from top to bottom
    QString axisTitle;
};

/// Paired horizontal bars, a group a token. Only draws.
class TokenBarView : public QWidget {
public:
    using QWidget::QWidget;
    virtual void setData(const TokenBarData& data, const ChartStyle& style) = 0;
    virtual void paint(const ChartSheet& sheet) = 0;
    /// The rectangle of all groups, in this widget's pixels; groups share its height evenly.
    virtual QRectF plotArea() const = 0;
};
/// On Qt Charts where the build has it, else on QCustomPlot.
TokenBarView* makeTokenBarView(QWidget* parent);

} // namespace pikv::ui
