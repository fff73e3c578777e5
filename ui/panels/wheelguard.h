// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

class QWidget;

namespace pikv::ui {

/// The wheel over a box or slider edits it only while it has the focus, which the wheel does not give it; else it
/// scrolls what the control stands in. For one control, and for all that are in a panel by now.
void guardFromWheel(QWidget* control);
void guardControlsFromWheel(QWidget* panel);

} // namespace pikv::ui
