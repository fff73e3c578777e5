// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the window tests with a QApplication, on settings of their own and with Qt's own dialogs.
#include "testmain.h"
#include <QApplication>
#include <QStandardPaths>
#include <QTest>

std::vector<pikvtest::Factory>& pikvtest::factories()
{
    static std::vector<Factory> list;
    return list;
}

int main(int argc, char** argv)
{
    qputenv("PIKV_HISTORY", "off"); // of the programs that tests start: none of the user's own
    QStandardPaths::setTestModeEnabled(true); // moves QSettings, too
    QApplication::setAttribute(Qt::AA_DontUseNativeDialogs);
    QApplication app(argc, argv);
    QApplication::setOrganizationName(QStringLiteral("pikv-window-tests"));
    QApplication::setApplicationName(QStringLiteral("pikv-window-tests"));
    int failures = 0;
    for (const auto& make : pikvtest::factories())
        failures += QTest::qExec(make().get(), argc, argv);
    return failures == 0 && !pikvtest::factories().empty() ? 0 : 1;
}
