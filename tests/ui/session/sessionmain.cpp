// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the session's tests; the application is there for fonts and colours of the item models alone.
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
    QStandardPaths::setTestModeEnabled(true);
    QApplication app(argc, argv);
    QApplication::setApplicationName(QStringLiteral("pikv-session-tests"));
    int failures = 0;
    for (const auto& make : pikvtest::factories())
        failures += QTest::qExec(make().get(), argc, argv);
    return failures == 0 && !pikvtest::factories().empty() && QApplication::topLevelWidgets().isEmpty() ? 0 : 1;
}
