// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <functional>

namespace pikv::ui {
class MainWindow;
}

/// The whole program: command line, window, event loop. `prepare` is called with the window before it is shown, where
/// given. Returns the exit status; ends the process by itself where the engine left work behind.
int runExplorer(int argc, char** argv, const std::function<void(pikv::ui::MainWindow&)>& prepare = {});
