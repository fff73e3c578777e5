// SPDX-License-Identifier: GPL-3.0-or-later
// Dumps as people met them (tests/data/cases): what `pikv info` says of each, and figures that NumPy computed from the
// definitions (tests/data/cases/make.py), measured here through the command line.
#include "runpikv.h"
#include "testmain.h"
#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>
#include <cmath>

using namespace pikvtest;

class CasesTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void infoSaysWhatIsThere_data();
    void infoSaysWhatIsThere();
    void figuresAreThose_data();
    void figuresAreThose();
    void everyFileIsListed();
    void oldRowsAreNotFirstOnes();
};

namespace {

QString folder() { return QStringLiteral(PIKV_SOURCE_DIR "/tests/data/cases/"); }

QJsonArray cases() { return QJsonDocument::fromJson(readFile(folder() + "cases.json")).array(); }

/// [batch, kv_heads, seq, key_dim] of every layer, as JSON.
QJsonArray shapesOf(const QJsonObject& info)
{
    QJsonArray shapes;
    for (const QJsonValue& layer : info["layer_shapes"].toArray())
        shapes << QJsonArray { info["batch"], layer["kv_heads"], layer["seq"], layer["key_dim"] };
    return shapes;
}

QJsonArray membersOf(const QJsonObject& info, const char* member)
{
    QJsonArray list;
    for (const QJsonValue& layer : info["layer_shapes"].toArray())
        list << layer[QLatin1String(member)];
    return list;
}

} // namespace

void CasesTest::infoSaysWhatIsThere_data()
{
    QTest::addColumn<QJsonObject>("right");
    for (const QJsonValue& right : cases())
        QTest::newRow(qPrintable(right["file"].toString())) << right.toObject();
}

void CasesTest::infoSaysWhatIsThere()
{
    QFETCH(QJsonObject, right);
    const Finished told = pikv({ "info", "--json", folder() + right["file"].toString() });
    if (right.contains("refusal")) {
        QCOMPARE(told.status, 3);
        QVERIFY2(told.err.contains(right["refusal"].toString().toUtf8()), told.err.constData());
        QVERIFY(told.out.isEmpty());
        return;
    }
    QVERIFY2(told.status == 0, told.err.constData());
    const QJsonObject info = QJsonDocument::fromJson(told.out).object();
    QCOMPARE(shapesOf(info), right["shapes"].toArray());
    if (right.contains("numbers"))
        QCOMPARE(membersOf(info, "layer"), right["numbers"].toArray());
    if (right.contains("first_tokens"))
        QCOMPARE(membersOf(info, "first_token"), right["first_tokens"].toArray());
    if (right.contains("original_bytes"))
        QCOMPARE(info["reference_bytes"], right["original_bytes"]);
    if (right.contains("token_ids"))
        QCOMPARE(info["token_ids"], right["token_ids"]);
    QCOMPARE(info["tokens_of_sequences"].toArray(), right["visible"].toArray()); // both absent without padding
    const QJsonArray notes = info["notes"].toArray(), wanted = right["notes"].toArray();
    for (const QJsonValue& note : wanted)
        QVERIFY2(told.out.contains(note.toString().toUtf8()), told.out.constData());
    if (!right["file"].toString().contains("scale")) // those have a note of their own
        QCOMPARE(notes.size(), wanted.size());
}

void CasesTest::figuresAreThose_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QJsonObject>("right");
    for (const QJsonValue& one : cases()) {
        for (const QJsonValue& figures : one["figures"].toArray())
            QTest::addRow("%s %s", qPrintable(one["file"].toString()), qPrintable(figures["spec"].toString()))
                << folder() + one["file"].toString() << figures.toObject();
    }
}

void CasesTest::figuresAreThose()
{
    QFETCH(QString, file);
    QFETCH(QJsonObject, right);
    const Finished run = pikv({ "eval", file, "--with", right["spec"].toString(), "--json", "-" });
    QVERIFY2(run.status == 0, run.err.constData());
    const QJsonObject row = QJsonDocument::fromJson(run.out).object()["results"].toArray().at(0).toObject();
    QVERIFY(!row.isEmpty());
    for (const char* name : { "key_nmse", "value_nmse", "key_mse", "value_mse", "attention_error" }) {
        if (!right.contains(QLatin1String(name)))
            continue;
        const double wanted = right[QLatin1String(name)].toDouble(), got = row[QLatin1String(name)].toDouble(-1);
        // Codes that sit between two steps may go either way in single precision; a misread dump is off by far more.
        QVERIFY2(std::abs(got - wanted) <= 0.01 * wanted,
            qPrintable(QStringLiteral("%1: %2 instead of %3").arg(QLatin1String(name)).arg(got).arg(wanted)));
    }
    QVERIFY(row["clamped_elements"].toInt() >= right["clamped_at_least"].toInt());
    QVERIFY(row["largest_clamped"].toDouble() >= right["largest_at_least"].toDouble());
    if (right.contains("clamped"))
        QCOMPARE(row["clamped_elements"].toInt(), right["clamped"].toInt());
}

void CasesTest::everyFileIsListed()
{
    QStringList listed;
    for (const QJsonValue& one : cases())
        listed << one["file"].toString();
    listed.sort();
    QCOMPARE(QDir(folder()).entryList({ "*.safetensors" }, QDir::Files, QDir::Name | QDir::IgnoreCase), listed);
}

/// A layer that keeps a window holds the last tokens, and the words say so.
void CasesTest::oldRowsAreNotFirstOnes()
{
    const Finished told = pikv({ "info", folder() + "seq-by-layer.safetensors" });
    QCOMPARE(told.status, 0);
    QVERIFY2(told.out.contains("the last 16 of them"), told.out.constData());
}

PIKV_TEST(CasesTest)
#include "tst_cases.moc"
