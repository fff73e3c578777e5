// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>

namespace pikv {

/// Which engine measures: "0.1.0 build 1f3c… LibTorch 1.13.1". The build is the linker's hash of the engine's library,
/// so that two engines of which any line differs never pass for each other.
const std::string& engineId();
/// The machine as its times depend on it: "Intel(R) Xeon(R) Platinum 8481C, 2 threads".
std::string machineText();
/// The time now, UTC: "2026-11-28T14:02:11Z".
std::string timeText();

} // namespace pikv
