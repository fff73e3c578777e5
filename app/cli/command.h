// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <string>
#include <vector>

namespace pikv::cli {

class Invocation;

/// One subcommand. Its file, cmd_<name>.cpp, holds one at namespace scope:
/// `static const Command command { 40, "eval", "Measure methods on a dump", addOptions };`
struct Command {
    using Action = std::function<void(Invocation&)>;

    int order; ///< place in `pikv --help`
    const char* name;
    const char* summary;
    /// Adds the command's own options; returns what to do once all options are parsed.
    Action (*addOptions)(CLI::App& app);

    Command(int place, const char* id, const char* sentence, Action (*add)(CLI::App&));
};

/// All commands in the order of `pikv --help`.
std::vector<const Command*> commands();

} // namespace pikv::cli
