// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace pikv::cli {

/// Parses the command line, runs the command and returns the exit status: 0 done, 1 a bug, 2 wrong usage, 3 bad input,
/// 4 not enough memory or disk, 130 interrupted. Every failure is one sentence on standard error.
int runApplication(int argc, char** argv);

} // namespace pikv::cli
