// SPDX-License-Identifier: GPL-3.0-or-later
// Runs every test class of one folder: a failure in one does not hide the others.
#include "testmain.h"
#include <QCoreApplication>
#include <QTest>

std::vector<pikvtest::Factory>& pikvtest::factories()
{
    static std::vector<Factory> list;
    return list;
}

int main(int argc, char** argv)
{
    QCoreApplication app(argc, argv);
    QCoreApplication::setApplicationName("pikv-tests");
    int failures = 0;
    for (const auto& make : pikvtest::factories())
        failures += QTest::qExec(make().get(), argc, argv);
    return failures == 0 && !pikvtest::factories().empty() ? 0 : 1;
}
