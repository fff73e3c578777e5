// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/importance.h"
#include <string>
#include <vector>

namespace pikv {

/// A named set of specs with lists.
struct SweepPreset {
    std::string name, sentence;
    std::vector<std::string> specs;
    std::vector<ImportanceSpec> importances; ///< each spec is measured with each; empty: with the user's own choice
};
/// "default": every method's own sweep. "seed": the comprehensive test of the project that this one grew from, its six
/// methods with its parameters at three importance levels.
const std::vector<SweepPreset>& sweepPresets();
/// Throws Error{Usage} naming the known ones.
const SweepPreset& findSweepPreset(const std::string& name);

} // namespace pikv
