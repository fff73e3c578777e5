// SPDX-License-Identifier: GPL-3.0-or-later
// Named settings and sweeps: those that come with the program, and the user's own.
#pragma once
#include "core/study/sweepgrid.h"
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

/// A named grid, with the methods' settings that belong to it.
struct Preset {
    std::string name, sentence;
    SweepGrid grid;
    std::vector<std::string> settings {}; ///< specs of methods; the others stay as they are
    bool isBuiltIn = false;
};
/// "default": every method's own sweep. "seed": the comprehensive test of the project that this one grew from, its six
/// methods with its parameters at three importance levels.
const std::vector<Preset>& builtInPresets();

/// presets.json in userDataDir().
std::string presetStorePath();
/// The built-in ones and then the user's by their names. Throws Error{Input} where the store is damaged.
std::vector<Preset> allPresets();
/// Throws Error{Usage} naming the known ones, Error{Input} where the store, which one that is not built in needs, is
/// damaged.
Preset findPreset(const std::string& name);

/// These change the store, whole or not at all, and keep a damaged one beside it as presets.json.damaged. All throw
/// Error{Usage} for a built-in name and for one that is empty, of several lines or longer than 80 bytes,
/// Error{Resource} where the store cannot be written. Takes the place of one of the same name.
void savePreset(const Preset& preset);
/// Throws Error{Usage}, too, where there is no such preset or the new name is taken.
void renamePreset(const std::string& name, const std::string& newName);
void removePreset(const std::string& name);

/// A preset as text: its name behind '#', a spec a line, and the sweep's command line.
std::string printPreset(const Preset& preset);
/// The inverse. Throws Error{Usage} naming the line that is wrong.
Preset parsePreset(std::string_view text);
/// Whether the text is meant for parsePreset(), and not one method's settings.
bool looksLikePreset(std::string_view text);

} // namespace pikv
