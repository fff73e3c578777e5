// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>
#include <string_view>

namespace pikv {

/// Path of a file that comes with the program ("samples/smollm2-135m-256.safetensors"): in share/pikv-explorer beside
/// the installed program, or in the source folder's resources/ for a program in build/<preset>/bin; the environment's
/// PIKV_DATA_DIR wins over both. "" where there is none.
std::string shippedFile(std::string_view name);

/// The user's own data folder, $XDG_DATA_HOME/pikv-explorer or ~/.local/share/pikv-explorer; it need not exist.
std::string userDataDir();

/// The dump that opens when nothing else is asked for.
inline constexpr std::string_view sampleDump = "samples/smollm2-135m-256.safetensors";
/// The model `default`, below userDataDir(), where packaging/fetch-model puts it.
inline constexpr std::string_view defaultModel = "models/SmolLM2-135M-Instruct.Q4_1.gguf";

} // namespace pikv
