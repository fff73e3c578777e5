// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>

class QWidget;

namespace pikv::ui {

/// Asks where to save; `suffix` ("csv") completes a name typed without one before the dialog asks whether to overwrite,
/// which QFileDialog::getSaveFileName does not do. Empty: the user thought better of it.
QString askSaveFile(
    QWidget* parent, const QString& title, const QString& proposal, const QString& filter, const QString& suffix);

} // namespace pikv::ui
