// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the session's tests; the application is there for fonts and colours of the item models alone.
#include "testhome.h"
#include <QApplication>

std::vector<pikvtest::Factory>& pikvtest::factories()
{
    static std::vector<Factory> list;
    return list;
}

int main(int argc, char** argv)
{
    const pikvtest::Home home;
    QApplication app(argc, argv);
    QApplication::setApplicationName(QStringLiteral("pikv-session-tests"));
    return pikvtest::runAll(argc, argv) == 0 && QApplication::topLevelWidgets().isEmpty() ? 0 : 1;
}
