// SPDX-License-Identifier: GPL-3.0-or-later
// Receipts: what a stranger can check, and what does not pass.
#include "runpikv.h"
#include "testmain.h"
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>

using namespace pikvtest;

class ReceiptTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void holds();
    void tellsOfEverythingThatCounts();
    void changedFigure();
    void changedDump();
    void changedCalibration();
    void movedFiles();
    void noReceipt_data();
    void noReceipt();

private:
    QString path(const char* name) const { return m_folder.filePath(name); }
    QTemporaryDir m_folder;
    QString m_dump, m_receipt;
};

void ReceiptTest::initTestCase()
{
    m_dump = path("dump.safetensors");
    m_receipt = path("receipt.json");
    QVERIFY(generate(m_dump));
    const Finished eval = pikv({ "eval", m_dump, "--with", "kivi", "--with", "lora:rank=4", "--importance", "recency",
        "--seed", "3", "--receipt", m_receipt });
    QVERIFY2(eval.status == 0, eval.err);
}

void ReceiptTest::holds()
{
    const Finished verified = pikv({ "verify", m_receipt });
    QVERIFY2(verified.status == 0 && verified.err.contains("holds"), verified.err);
    QVERIFY2(verified.out.contains("stored_bytes") && verified.out.contains("exactly"), verified.out);
    QVERIFY(!verified.out.contains("not:") && !verified.out.contains("seconds"));
    QVERIFY(verified.out.count("lora:rank=4") >= 8);
}

void ReceiptTest::tellsOfEverythingThatCounts()
{
    const QJsonObject json = QJsonDocument::fromJson(readFile(m_receipt)).object();
    QCOMPARE(json["dump"]["fingerprint"].toString().size(), 32);
    QVERIFY(json["engine"].toString().contains("build "));
    QCOMPARE(json["settings"]["importance"].toString(), QString("recency"));
    QCOMPARE(json["settings"]["seed"].toInt(), 3);
    QCOMPARE(json["results"].toArray().size(), 2);
    QVERIFY(json["results"][0]["method"].toString().startsWith("kivi:key_bits="));
    QVERIFY(json["results"][0]["figures"]["attention_error"].toDouble() > 0);
}

void ReceiptTest::changedFigure()
{
    QJsonObject json = QJsonDocument::fromJson(readFile(m_receipt)).object();
    QJsonArray results = json["results"].toArray();
    QJsonObject first = results[0].toObject(), figures = first["figures"].toObject();
    const double error = figures["attention_error"].toDouble();
    const auto verify = [&](double factor, const QStringList& more = {}) {
        figures["attention_error"] = error * factor;
        first["figures"] = figures;
        results[0] = first;
        json["results"] = results;
        writeFile(path("changed.json"), QJsonDocument(json).toJson());
        return pikv(QStringList { "verify", path("changed.json") } + more);
    };
    const Finished wrong = verify(1.05);
    QVERIFY2(
        wrong.status == 1 && wrong.err.contains("1 of ") && wrong.out.contains("not: 4.8 %"), wrong.out + wrong.err);
    const Finished near = verify(1.0005);
    QVERIFY2(near.status == 0 && near.out.contains("within 1e-03"), near.out + near.err);
    QCOMPARE(verify(1.0005, { "--tolerance", "1e-6" }).status, 1);
    QCOMPARE(verify(1.05, { "--tolerance", "0.1" }).status, 0);
}

void ReceiptTest::changedDump()
{
    QVERIFY(generate(path("other.safetensors"), { "--seed", "4" }));
    const Finished other = pikv({ "verify", m_receipt, "--dump", path("other.safetensors") });
    QVERIFY2(other.status == 1 && other.err.contains("another dump") && other.out.contains("not:"), other.err);
}

void ReceiptTest::changedCalibration()
{
    const QString basis = path("lora.pikv-basis"), receipt = path("basis.json");
    const auto learn = [&](const char* seed) {
        return generate(path("learn.safetensors"), { "--seed", seed })
            && pikv({ "calibrate", path("learn.safetensors"), "--with", "lora", "-o", basis }).status == 0;
    };
    QVERIFY(learn("1"));
    QVERIFY(pikv({ "eval", m_dump, "--with", "lora:shared=" + basis, "--receipt", receipt }).status == 0);
    QCOMPARE(pikv({ "verify", receipt }).status, 0);
    QVERIFY(learn("2"));
    const Finished changed = pikv({ "verify", receipt });
    QVERIFY2(changed.status == 1 && changed.err.contains("names is another one"), changed.err);
}

void ReceiptTest::movedFiles()
{
    QDir().mkpath(path("moved"));
    QVERIFY(QFile::copy(m_receipt, path("moved/receipt.json")) && QFile::copy(m_dump, path("moved/dump.safetensors")));
    QVERIFY(QFile::rename(m_dump, path("away.safetensors")));
    QCOMPARE(pikv({ "verify", path("moved/receipt.json") }).status, 0); // beside the receipt
    const Finished gone = pikv({ "verify", m_receipt });
    QVERIFY2(gone.status == 3 && gone.err.contains("dump.safetensors"), gone.err);
    QCOMPARE(pikv({ "verify", m_receipt, "--dump", path("away.safetensors") }).status, 0);
    QVERIFY(QFile::rename(path("away.safetensors"), m_dump));
}

void ReceiptTest::noReceipt_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("results") << QByteArray("{\"results\": []}");
    QTest::newRow("half") << readFile(m_receipt).left(300);
    QTest::newRow("nothing in it") << QByteArray("{\"receipt\": \"pikv-receipt-1\"}");
    const QByteArray whole = readFile(m_receipt);
    QTest::newRow("no results") << whole.left(whole.indexOf("\"results\"")) + "\"results\": []}";
    QTest::newRow("no figures") << whole.left(whole.indexOf("\"results\""))
            + "\"results\": [{\"method\": \"kivi\", \"figures\": {}}]}";
    QTest::newRow("unknown method") << readFile(m_receipt).replace("kivi:", "gone:");
    QTest::newRow("wrong type") << readFile(m_receipt).replace("\"seed\": 3", "\"seed\": \"x\"");
}

void ReceiptTest::noReceipt()
{
    QFETCH(QByteArray, text);
    writeFile(path("bad.json"), text);
    const Finished result = pikv({ "verify", path("bad.json") });
    QVERIFY2(result.status == 3 && result.err.contains("bad.json"), result.err);
}

PIKV_TEST(ReceiptTest)
#include "tst_receipt.moc"
