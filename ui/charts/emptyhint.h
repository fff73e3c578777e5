// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QLabel>

namespace pikv::ui {

/// Covers a chart that has nothing to show and says what to do. Takes no mouse.
class EmptyHint : public QLabel {
    Q_OBJECT
public:
    explicit EmptyHint(QWidget* chart);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
};

} // namespace pikv::ui
