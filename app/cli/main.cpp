// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/application.h"

int main(int argc, char** argv) { return pikv::cli::runApplication(argc, argv); }
