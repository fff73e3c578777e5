// SPDX-License-Identifier: GPL-3.0-or-later
// The file of the user's presets; core/study/presets.h is what others use.
#pragma once
#include "core/study/presets.h"
#include <functional>

namespace pikv {

/// What is in the file; nothing where there is none. Throws Error{Input} where it is damaged.
std::vector<Preset> readPresets();
/// Reads, changes and writes it, whole or not at all, while no other program does. Nothing is written where `change`
/// throws. Throws Error{Resource} where it cannot be written.
void changePresets(const std::function<void(std::vector<Preset>&)>& change);

} // namespace pikv
