// SPDX-License-Identifier: GPL-3.0-or-later
#include "explorer.h"
#include "measureplan.h"
#include "ui/window/mainwindow.h"

extern "C" int pikvMain(int argc, char** argv)
{
    return runExplorer(argc, argv, [](pikv::ui::MainWindow& window) { new pikv::ui::MeasurePlan(&window); });
}
