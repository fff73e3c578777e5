// SPDX-License-Identifier: GPL-3.0-or-later
// Lines: "queue N" of a window that found N sweeps waiting, "stored" once the queue is in the settings, "point SPEC".
#include "killedworker.h"
#include "core/study/sweep.h"
#include "history/history.h"
#include "ui/session/session.h"
#include "ui/session/sweeps.h"
#include "ui/window/mainwindow.h"
#include "ui/window/windowsettings.h"
#include <QApplication>
#include <QSettings>
#include <QTimer>
#include <cstdio>

using namespace pikv;
using namespace pikv::ui;

namespace {

void say(const QString& line)
{
    std::puts(qPrintable(line));
    std::fflush(stdout);
}

/// Of PIKV_TEST_SPECS: a sweep each.
std::vector<std::string> specs()
{
    std::vector<std::string> list;
    for (const QByteArray& spec : qgetenv("PIKV_TEST_SPECS").split(' '))
        list.push_back(spec.toStdString());
    return list;
}

} // namespace

int runKilledWorker(int argc, char** argv)
{
    QApplication app(argc, argv);
    QApplication::setOrganizationName(QStringLiteral("pikv-killed"));
    QApplication::setApplicationName(QStringLiteral("pikv-killed"));
    const QString dump = QString::fromLocal8Bit(qgetenv("PIKV_TEST_WORKER"));
    MainWindow window(std::make_shared<history::History>(qgetenv("PIKV_TEST_DATABASE").toStdString()));
    window.show();
    Session* session = window.session();
    QObject::connect(session->engine(), &Engine::resultReady, &app, [](const ResultPtr& result, quint64, bool live) {
        if (!live)
            say("point " + QString::fromStdString(printSpec(result->method)));
    });
    const int waiting = int(session->sweeps()->unfinished().size());
    QObject::connect(session, &Session::firstChartComplete, &app, [session, waiting] {
        say(QString("queue %1").arg(waiting));
        if (waiting > 0)
            session->sweeps()->runInterrupted();
        else
            session->sweeps()->start({ specs(), { {} }, false });
    });
    QTimer watch;
    QObject::connect(&watch, &QTimer::timeout, &app, [&watch] {
        QSettings settings;
        settings.sync();
        if (settings.value(QLatin1String(WindowSettings::queue)).toStringList().isEmpty())
            return;
        say(QStringLiteral("stored"));
        watch.stop();
    });
    watch.start(50);
    window.openDump(dump);
    return QApplication::exec();
}
