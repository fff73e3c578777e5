// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QWidget>

namespace pikv::ui {

class ProblemsModel;

/// Errors and warnings with what to do about them, instead of message boxes.
class ProblemsPanel : public QWidget {
    Q_OBJECT
public:
    explicit ProblemsPanel(ProblemsModel* model, QWidget* parent = nullptr);
};

} // namespace pikv::ui
