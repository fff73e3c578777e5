// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the window tests with a QApplication, on settings of their own and with Qt's own dialogs.
#include "killedworker.h"
#include "testhome.h"
#include <QApplication>

std::vector<pikvtest::Factory>& pikvtest::factories()
{
    static std::vector<Factory> list;
    return list;
}

int main(int argc, char** argv)
{
    if (qEnvironmentVariableIsSet("PIKV_TEST_WORKER"))
        return runKilledWorker(argc, argv); // this program, started by one of its tests
    const pikvtest::Home home;
    QApplication::setAttribute(Qt::AA_DontUseNativeDialogs);
    QApplication app(argc, argv);
    QApplication::setOrganizationName(QStringLiteral("pikv-window-tests"));
    QApplication::setApplicationName(QStringLiteral("pikv-window-tests"));
    return pikvtest::runAll(argc, argv) == 0 ? 0 : 1;
}
