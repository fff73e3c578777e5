// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

class QWidget;

namespace pikv::ui {

class Actions;

/// Every command that has a shortcut, and what keys and mouse do in charts and table.
void showShortcuts(const Actions& actions, QWidget* parent);
/// Version, engine and licence.
void showAbout(QWidget* parent);

} // namespace pikv::ui
