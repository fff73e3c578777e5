// SPDX-License-Identifier: GPL-3.0-or-later
// Where a test program with settings lives, and how it runs its classes.
#pragma once
#include "testmain.h"
#include <QTemporaryDir>
#include <QTest>

namespace pikvtest {

/// Settings and data of this program alone: two may run at once, and none touches the user's. To be made before the
/// application.
class Home {
public:
    Home()
    {
        for (const char* name : { "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME" })
            qputenv(name, m_folder.filePath(QString::fromLatin1(name).toLower()).toLocal8Bit());
        qputenv("PIKV_HISTORY", "off"); // of the programs that tests start: none of the user's own
    }

private:
    QTemporaryDir m_folder;
};

/// Runs every class, or the one that PIKV_TEST_CLASS names. Returns how many did not pass.
inline int runAll(int argc, char** argv)
{
    const QByteArray wanted = qgetenv("PIKV_TEST_CLASS");
    int failures = 0, run = 0;
    for (const auto& make : factories()) {
        const auto test = make();
        if (!wanted.isEmpty() && wanted != test->metaObject()->className())
            continue;
        failures += QTest::qExec(test.get(), argc, argv);
        ++run;
    }
    return run > 0 ? failures : 1;
}

} // namespace pikvtest
