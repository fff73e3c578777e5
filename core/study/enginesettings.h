// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/methodspec.h"
#include <string>
#include <vector>

namespace pikv {

/// How another program is told to store its cache as this method does.
struct EngineSetting {
    std::string engine; ///< "llama.cpp"
    std::string setting; ///< its command line or configuration
};
/// Of the programs that have exactly this method with these parameters; empty where none has. Something similar is no
/// setting: its figures would be others.
std::vector<EngineSetting> engineSettings(const MethodSpec& method);

} // namespace pikv
