// SPDX-License-Identifier: GPL-3.0-or-later
// The window's program: its names, its options, what opens first.
#include "explorer.h"
#include "core/base/datafiles.h"
#include "core/base/writesignals.h"
#include "history/history.h"
#include "ui/engine/engine.h"
#include "ui/window/mainwindow.h"
#include <QApplication>
#include <QCommandLineParser>
#include <QIcon>
#include <QTimer>
#include <cstdlib>

namespace {

/// `dump`: to be opened; `sample`: where nothing was open the last time. "": none.
int runWindow(const QString& dump, const QString& sample, const std::function<void(pikv::ui::MainWindow&)>& prepare)
{
    const std::string place = pikv::history::location();
    pikv::ui::MainWindow window(place.empty() ? nullptr : std::make_shared<pikv::history::History>(place));
    if (prepare)
        prepare(window);
    window.show();
    QTimer::singleShot(0, &window, [&window, dump, sample] {
        if (!dump.isEmpty())
            window.openDump(dump);
        else if (!sample.isEmpty())
            window.resume(sample);
    });
    return QApplication::exec();
}

} // namespace

int runExplorer(int argc, char** argv, const std::function<void(pikv::ui::MainWindow&)>& prepare)
{
    pikv::ignoreWriteSignals();
    QApplication app(argc, argv);
    QApplication::setOrganizationName(QStringLiteral("pikv-explorer"));
    QApplication::setApplicationName(QStringLiteral("pikv-explorer"));
    QApplication::setApplicationDisplayName(QStringLiteral("PiKV Explorer"));
    QApplication::setApplicationVersion(QStringLiteral(PIKV_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("pikv-explorer"));
    QApplication::setWindowIcon(QIcon(QString::fromStdString(pikv::shippedFile("icons/pikv-explorer.svg"))));

    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("Explore KV-cache compression on your own dumps."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption empty(QStringLiteral("no-sample"), QStringLiteral("Start with nothing open."));
    parser.addOption(empty);
    parser.addPositionalArgument(QStringLiteral("dump"),
        QStringLiteral("KV-cache dump or session to open; without it the dump that was open last, or the sample."),
        QStringLiteral("[dump]"));
    parser.process(app);

    const QString sample
        = parser.isSet(empty) ? QString() : QString::fromStdString(pikv::shippedFile(pikv::sampleDump));
    const int status = runWindow(parser.positionalArguments().value(0), sample, prepare);
    if (pikv::ui::Engine::leftWorkBehind())
        std::_Exit(status);
    return status;
}
