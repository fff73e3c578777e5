// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>

namespace pikv::ui {

/// The name filter of dialogs that open dumps: every format of core/formats/formatregistry.h that is read, then all
/// files.
QString dumpFilter();
/// That of dialogs that save one: every format that is written, the native dump first.
QString dumpSaveFilter();

} // namespace pikv::ui
