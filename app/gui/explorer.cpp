// SPDX-License-Identifier: GPL-3.0-or-later
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

int runWindow(const QString& dump, const std::function<void(pikv::ui::MainWindow&)>& prepare)
{
    const std::string place = pikv::history::location();
    pikv::ui::MainWindow window(place.empty() ? nullptr : std::make_shared<pikv::history::History>(place));
    if (prepare)
        prepare(window);
    window.show();
    if (!dump.isEmpty())
        QTimer::singleShot(0, &window, [&window, dump] { window.openDump(dump); });
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
        QStringLiteral("KV-cache dump to open; the sample without it."), QStringLiteral("[dump]"));
    parser.process(app);

    QString dump = parser.positionalArguments().value(0);
    if (dump.isEmpty() && !parser.isSet(empty))
        dump = QString::fromStdString(pikv::shippedFile(pikv::sampleDump));
    const int status = runWindow(dump, prepare);
    if (pikv::ui::Engine::leftWorkBehind())
        std::_Exit(status);
    return status;
}
