// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/application.h"

extern "C" int pikvMain(int argc, char** argv) { return pikv::cli::runApplication(argc, argv); }
