// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/application.h"
#include <cstdio>
#include <cstdlib>

/// Leaves without the destructors of LibTorch's and Qt's globals: they take 100 ms, by which an interrupted command
/// would answer late. Files are closed and standard output is written by then.
extern "C" int pikvMain(int argc, char** argv)
{
    const int status = pikv::cli::runApplication(argc, argv);
    std::fflush(nullptr);
    std::_Exit(status);
}
