// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

class QKeyEvent;

namespace pikv::ui {

class NextTokenController;

/// Moves the controller's cursor by the arrow keys, Home and End; false for every other key.
bool moveByKey(NextTokenController& controller, const QKeyEvent& event);

} // namespace pikv::ui
