// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

/// The window that a test kills: opens the dump that PIKV_TEST_WORKER names with the history and settings of its
/// environment, goes on with the sweeps that wait for it, or begins new ones, and prints a line for each point.
int runKilledWorker(int argc, char** argv);
