// SPDX-License-Identifier: GPL-3.0-or-later
// Sessions as files, going on where one stopped, and reports, by the menu's commands.
#include "history/history.h"
#include "testmain.h"
#include "ui/charts/metriccombo.h"
#include "ui/models/problemsmodel.h"
#include "windowfixture.h"
#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMessageBox>
#include <QProcess>
#include <QPushButton>
#include <QTabWidget>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

class SessionFilesTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() { forgetSettings(); }
    void sessionsComeBack();
    void sessionsMoveWithTheirDump();
    void noSession_data();
    void noSession();
    void lastDumpOpensAtStart();
    void afterACrashItAsks_data();
    void afterACrashItAsks();
    void reportsAreWritten_data();
    void reportsAreWritten();
    void tablesSayWhereTheyAreFrom();

private:
    QByteArray content(const QString& path) const
    {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    QTemporaryDir m_folder;
};

void SessionFilesTest::sessionsComeBack()
{
    const QString path = m_folder.filePath("one.pikvsession");
    {
        Window window({ "lora", "q8_0" });
        QVERIFY(window.open(Dumps::instance().small()));
        window.specs()->setSpec(parseSpec("lora:rank=21"));
        window.find<MetricCombo>("tradeoffYMetric")->setMetric("value_nmse");
        window.session()->setImportance(parseImportance("recency"));
        answerFileDialog(path);
        window.trigger("actionSaveSession");
        QVERIFY(QFile::exists(path));
    }
    forgetSettings(); // of another machine, say
    Window window;
    answerFileDialog(path);
    window.trigger("actionOpenSession");
    QTRY_VERIFY_WITH_TIMEOUT(window.live("q8_0") && !window.live("q8_0")->preview, 60'000);
    QCOMPARE(QFileInfo(window.session()->dumpPath()), QFileInfo(Dumps::instance().small()));
    QStringList checked = window.methods()->checkedMethods();
    checked.sort();
    QCOMPARE(checked, QStringList({ "lora", "q8_0" }));
    QCOMPARE(window.specText("lora"), QString("lora:rank=21"));
    QCOMPARE(window.find<MetricCombo>("tradeoffYMetric")->metricName(), QString("value_nmse"));
    QCOMPARE(window.live("q8_0")->importance.source, ImportanceSpec::Source::Recency);
}

void SessionFilesTest::sessionsMoveWithTheirDump()
{
    QDir(m_folder.path()).mkpath("here/dumps");
    QVERIFY(QFile::copy(Dumps::instance().small(), m_folder.filePath("here/dumps/a.safetensors")));
    {
        Window window({ "kivi" });
        QVERIFY(window.open(m_folder.filePath("here/dumps/a.safetensors")));
        answerFileDialog(m_folder.filePath("here/two.pikvsession"));
        window.trigger("actionSaveSession");
    }
    const QJsonObject json = QJsonDocument::fromJson(content(m_folder.filePath("here/two.pikvsession"))).object();
    QCOMPARE(json["dump"].toString(), QString("dumps/a.safetensors"));
    QVERIFY(QDir().rename(m_folder.filePath("here"), m_folder.filePath("there")));
    Window window({ "kivi" });
    QVERIFY(window.open(m_folder.filePath("there/two.pikvsession")));
    QVERIFY2(
        window.session()->dumpPath().endsWith("there/dumps/a.safetensors"), qPrintable(window.session()->dumpPath()));
}

void SessionFilesTest::noSession_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("word");
    QTest::newRow("no JSON") << QByteArray("hello") << "not a session";
    QTest::newRow("another JSON") << QByteArray("{\"results\": []}") << "not a session";
    QTest::newRow("other settings") << QByteArray("{\"pikvsession\": 1, \"settings\": {\"schema\": 99}}")
                                    << "another version";
    QTest::newRow("newer") << QByteArray("{\"pikvsession\": 99}") << "newer version";
}

void SessionFilesTest::noSession()
{
    QFETCH(QByteArray, text);
    QFETCH(QString, word);
    QFile file(m_folder.filePath("bad.pikvsession"));
    QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
    file.write(text);
    file.close();
    Window window({ "kivi" });
    QVERIFY(window.open(Dumps::instance().small()));
    window.openDump(file.fileName());
    QTRY_COMPARE(window.session()->problems()->rowCount(), 1);
    const QString message = window.session()->problems()->entry(0).message;
    QVERIFY2(message.contains(word) && message.contains("bad.pikvsession"), qPrintable(message));
    QCOMPARE(QFileInfo(window.session()->dumpPath()), QFileInfo(Dumps::instance().small())); // as it was
}

void SessionFilesTest::lastDumpOpensAtStart()
{
    const QString last = Dumps::instance().copy("last.safetensors"), sample = Dumps::instance().small();
    {
        Window window({ "kivi" });
        window.resume(sample); // the first start
        QTRY_COMPARE_WITH_TIMEOUT(QFileInfo(window.session()->dumpPath()), QFileInfo(sample), 30'000);
        QVERIFY(window.open(last));
    }
    {
        Window window({ "kivi" });
        window.resume(sample);
        QTRY_COMPARE_WITH_TIMEOUT(QFileInfo(window.session()->dumpPath()), QFileInfo(last), 30'000);
    }
    QVERIFY(QFile::remove(last));
    Window window({ "kivi" });
    window.resume(sample);
    QTRY_COMPARE_WITH_TIMEOUT(QFileInfo(window.session()->dumpPath()), QFileInfo(sample), 30'000);
}

void SessionFilesTest::afterACrashItAsks_data()
{
    QTest::addColumn<bool>("goOn");
    QTest::newRow("go on") << true;
    QTest::newRow("start anew") << false;
}

void SessionFilesTest::afterACrashItAsks()
{
    QFETCH(bool, goOn);
    const QString last = Dumps::instance().copy("crash.safetensors"), sample = Dumps::instance().small();
    {
        Window window({ "kivi" });
        QVERIFY(window.open(last));
    }
    QProcess gone; // a process that is no more
    gone.start("true", QStringList());
    QVERIFY(gone.waitForStarted());
    const qint64 process = gone.processId();
    QVERIFY(gone.waitForFinished());
    QSettings().setValue("running", process);
    Window window({ "kivi" });
    window.resume(sample);
    QTRY_VERIFY(window.findChild<QMessageBox*>("resumeBox"));
    QVERIFY(!window.session()->info());
    QTest::mouseClick(window.find<QPushButton>(goOn ? "resumeYes" : "resumeNo"), Qt::LeftButton);
    QTRY_COMPARE_WITH_TIMEOUT(QFileInfo(window.session()->dumpPath()), QFileInfo(goOn ? last : sample), 30'000);
}

void SessionFilesTest::reportsAreWritten_data()
{
    QTest::addColumn<QString>("suffix");
    QTest::addColumn<QByteArray>("start");
    QTest::newRow("page") << "html" << QByteArray("<!DOCTYPE html>");
    QTest::newRow("document") << "pdf" << QByteArray("%PDF-");
    QTest::newRow("document in capitals") << "PDF" << QByteArray("%PDF-");
    QTest::newRow("Markdown") << "md" << QByteArray("# KV-cache compression of small.safetensors");
    QTest::newRow("LaTeX") << "tex" << QByteArray("% Title: KV-cache compression of small.safetensors");
}

void SessionFilesTest::reportsAreWritten()
{
    QFETCH(QString, suffix);
    QFETCH(QByteArray, start);
    Window window({ "kivi", "q8_0" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    const QString path = m_folder.filePath("report." + suffix);
    answerFileDialog(path);
    QTest::keyClick(&window, Qt::Key_P, Qt::ControlModifier | Qt::ShiftModifier);
    QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(path), 30'000);
    const QByteArray report = content(path);
    QVERIFY2(report.startsWith(start), report.left(100));
    if (suffix == "html")
        QVERIFY(report.count("<svg") >= 5 && report.contains("Pareto front") && report.contains("-ctk q8_0"));
}

void SessionFilesTest::tablesSayWhereTheyAreFrom()
{
    const std::string database = m_folder.filePath("history.sqlite").toStdString();
    Window window({ "kivi" }, false, std::make_shared<history::History>(database));
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    const QString path = m_folder.filePath("table.csv");
    answerFileDialog(path);
    window.trigger("actionExportTable");
    const QByteArray table = content(path);
    QVERIFY2(table.startsWith("# Dump: ") && table.contains("# Engine: ") && table.contains("# Fingerprint: "), table);
    QVERIFY(table.contains("\ncompressor,params,"));
}

PIKV_TEST(SessionFilesTest)
#include "tst_sessionfiles.moc"
