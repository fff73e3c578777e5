// SPDX-License-Identifier: GPL-3.0-or-later
#include "explorer.h"

extern "C" int pikvMain(int argc, char** argv) { return runExplorer(argc, argv); }
