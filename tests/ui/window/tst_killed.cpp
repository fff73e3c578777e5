// SPDX-License-Identifier: GPL-3.0-or-later
// A window with sweeps in its queue is killed at random moments: settings, queue and database open again, and nothing
// that was finished is lost. PIKV_TEST_KILLS is how often, six times by default.
#include "history/catalogue.h"
#include "sweepfixture.h"
#include "testmain.h"
#include "ui/session/sweeps.h"
#include "ui/window/windowsettings.h"
#include <QCoreApplication>
#include <QProcess>
#include <QRandomGenerator>
#include <set>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

class KilledTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void queueAndHistoryOutliveTheProgram();

private:
    struct Told {
        int queue = -1; ///< sweeps that waited at the start
        std::set<std::string> points; ///< that came
        bool isStored = false; ///< the queue is in the settings
    };
    Told killOne(const QString& dump, const QStringList& specs, int wait) const;
    static void read(QProcess& process, Told& told);
    QTemporaryDir m_home;
    QString home(const QString& name) const { return m_home.filePath(QString("%1-%2").arg(name).arg(m_round)); }
    QString database() const { return home("history") + ".sqlite"; }
    int m_round = 0;
};

void KilledTest::read(QProcess& process, Told& told)
{
    while (process.canReadLine()) {
        const QString line = QString::fromUtf8(process.readLine()).trimmed();
        if (line.startsWith("queue "))
            told.queue = line.mid(6).toInt();
        else if (line == "stored")
            told.isStored = true;
        else if (line.startsWith("point "))
            told.points.insert(line.mid(6).toStdString());
    }
}

/// `wait`: ms from the moment when sweeps wait and are stored.
KilledTest::Told KilledTest::killOne(const QString& dump, const QStringList& specs, int wait) const
{
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    for (const char* name : { "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME" })
        environment.insert(name, home(QString::fromLatin1(name).toLower()));
    environment.insert("PIKV_TEST_WORKER", dump);
    environment.insert("PIKV_TEST_DATABASE", database());
    environment.insert("PIKV_TEST_SPECS", specs.join(' '));
    QProcess process;
    process.setProcessEnvironment(environment);
    process.setStandardErrorFile(QProcess::nullDevice());
    process.start(QCoreApplication::applicationFilePath(), {});
    Told told;
    const auto isReady = [&] {
        read(process, told);
        return (told.queue >= 0 && told.isStored) || process.state() == QProcess::NotRunning;
    };
    (void)QTest::qWaitFor(isReady, 60'000);
    QTest::qWait(wait);
    process.kill();
    process.waitForFinished();
    read(process, told);
    return told;
}

void KilledTest::queueAndHistoryOutliveTheProgram()
{
    const QString dump = Dumps::instance().copy("killed.safetensors");
    const int kills = std::max(
        1, qEnvironmentVariableIntValue("PIKV_TEST_KILLS") > 0 ? qEnvironmentVariableIntValue("PIKV_TEST_KILLS") : 6);
    const QStringList specs { "kivi:key_bits=[1..8],value_bits=[1..8],sinks=[0..40]", "lora:rank=[1..24],sinks=[0..40]",
        "q8_0:sinks=[0..60]" };
    std::set<std::string> came;
    std::uint64_t before = 0;
    std::size_t all = 0;
    bool isFirst = true;
    QRandomGenerator random(11);
    for (int kill = 0; kill < kills; ++kill) {
        const Told told = killOne(dump, specs, random.bounded(1200));
        const QByteArray where = QByteArray("kill ") + QByteArray::number(kill);
        QVERIFY2(told.queue >= 0 && told.isStored, where);
        QVERIFY2(isFirst || told.queue > 0, where); // it went on with what waited
        isFirst = false;
        came.insert(told.points.begin(), told.points.end());
        // Every result that was told of is there, and what was there before.
        const history::Catalogue catalogue(database().toStdString());
        std::set<std::string> stored;
        for (const history::Entry& entry : catalogue.list({}))
            stored.insert(entry.spec);
        for (const std::string& point : came)
            QVERIFY2(stored.contains(point), (where.toStdString() + ": " + point).c_str());
        QVERIFY2(catalogue.count() >= before, where);
        before = catalogue.count();
        // Every sweep of which a point is to come waits in the settings.
        const QSettings settings(home("xdg_config_home") + "/pikv-killed/pikv-killed.conf", QSettings::NativeFormat);
        QCOMPARE(settings.status(), QSettings::NoError);
        std::set<std::string> waiting;
        for (const QString& text : settings.value(QLatin1String(WindowSettings::queue)).toStringList()) {
            const SweepCommand command = parseSweepCommand(text.toStdString());
            QCOMPARE(QString::fromStdString(command.dump), dump);
            waiting.insert(command.grid.specs.begin(), command.grid.specs.end());
        }
        for (const QString& spec : specs) {
            const auto points = expandSpec(spec.toStdString());
            const bool isOpen = std::any_of(points.begin(), points.end(),
                [&](const MethodSpec& point) { return !stored.contains(printSpec(point)); });
            QVERIFY2(!isOpen || waiting.contains(spec.toStdString()), where + ": " + spec.toUtf8());
        }
        all += told.points.size();
        if (waiting.size() > 1)
            continue;
        ++m_round; // nearly all is measured: from the beginning, elsewhere
        isFirst = true;
        came.clear();
        before = 0;
    }
    QVERIFY(all > 0);
    qInfo("%d kills, %zu points", kills, all);
}

PIKV_TEST(KilledTest)
#include "tst_killed.moc"
