// SPDX-License-Identifier: GPL-3.0-or-later
// What LAPACK cannot take, and what becomes of the rest of a run where one method fails.
#include "runpikv.h"
#include "testmain.h"
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>

using namespace pikvtest;

class LinalgTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

private Q_SLOTS:
    void cleanup() { qunsetenv("OPENBLAS_CORETYPE"); }
    void matrixThatEndsWithItsMemory_data();
    void matrixThatEndsWithItsMemory();
    void wideEigenproblem();
    void sweepCountsWhatFailed();
};

/// 1024 x 1024 f32 are 4 MiB, a mapping of their own, beyond which OpenBLAS's kernel for Prescott reads.
void LinalgTest::matrixThatEndsWithItsMemory_data()
{
    QTest::addColumn<QString>("kernel");
    for (const char* kernel : { "", "Prescott" })
        QTest::newRow(*kernel ? kernel : "the processor's") << kernel;
}

void LinalgTest::matrixThatEndsWithItsMemory()
{
    QFETCH(QString, kernel);
    const QString dump = m_folder.filePath("wide.safetensors");
    QVERIFY(generate(dump, { "--head-dim", "1024", "--layers", "1", "--kv-heads", "1", "--seq", "80" }));
    if (!kernel.isEmpty())
        qputenv("OPENBLAS_CORETYPE", kernel.toLatin1());
    const Finished eval = pikv({ "eval", dump, "--with", "pyramid", "--json", "-" });
    QVERIFY2(eval.status == 0, eval.err);
    QCOMPARE(QJsonDocument::fromJson(eval.out).object()["results"].toArray().size(), 1);
}

/// From a width of 2,895 on, LAPACK tells the size of its workspace wrongly in f32.
void LinalgTest::wideEigenproblem()
{
    const QString dump = m_folder.filePath("heads.safetensors");
    QVERIFY(generate(dump, { "--kv-heads", "24", "--seq", "1300", "--head-dim", "128", "--layers", "1" }));
    const Finished eval = pikv({ "eval", dump, "--with", "q8_0", "--with", "lora:rank=800", "--json", "-" });
    QVERIFY2(eval.status == 0, eval.err);
    const QJsonArray results = QJsonDocument::fromJson(eval.out).object()["results"].toArray();
    QCOMPARE(results.size(), 2);
    QVERIFY(results[1]["key_nmse"].toDouble() < 0.1);
}

void LinalgTest::sweepCountsWhatFailed()
{
    const QString dump = m_folder.filePath("dump.safetensors");
    QVERIFY(generate(dump));
    const Finished sweep = pikv(
        { "sweep", dump, "--with", "lora:rank=[8,3000,4000]", "--with", "identity", "-o", m_folder.filePath("s") });
    QVERIFY2(sweep.status == 0, sweep.err);
    QVERIFY2(sweep.err.contains("2 of 4 points, 2 failed"), sweep.err);
    QVERIFY2(
        sweep.err.contains("left out: lora:rank=3000") && sweep.err.contains("left out: lora:rank=4000"), sweep.err);
    QCOMPARE(parseCsv(readFile(m_folder.filePath("s/results.csv"))).size(), 2);
}

PIKV_TEST(LinalgTest)
#include "tst_linalg.moc"
