// SPDX-License-Identifier: GPL-3.0-or-later
// Every registered method with its defaults: one process measures, one compresses, another decompresses. What comes
// back and what the file weighs is compared with what was reported.
#include "dumpfile.h"
#include "runpikv.h"
#include "testmain.h"
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTemporaryDir>
#include <QTest>
#include <bit>
#include <cstring>

using namespace pikvtest;

class EveryMethodTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    struct Shape {
        QString dump, importance;
        QMap<QString, Row> rows; ///< by method
        QMap<QString, QByteArray> refusals;
    };
    QMap<QString, Shape> m_shapes;
    void measure(const QString& name, const QString& importance, const QStringList& options);

private Q_SLOTS:
    void initTestCase();
    void throughTheFile_data();
    void throughTheFile();
};

namespace {

QJsonArray methods() { return QJsonDocument::fromJson(pikv({ "list", "--json" }).out).array(); }

/// The defaults, but for a window that leaves tokens of a small dump to compress.
QString specOf(const QString& id) { return id == "kvtc" ? QStringLiteral("kvtc:recent=16") : id; }

/// The numbers of an F32 or BF16 tensor.
QList<float> floatsOf(const DumpFile& dump, const QString& name)
{
    const QByteArray bytes = dump.tensor(name);
    const bool half = dump.header[name]["dtype"] == "BF16";
    QList<float> values;
    for (qsizetype at = 0; at < bytes.size(); at += half ? 2 : 4) {
        quint32 bits = 0;
        std::memcpy(reinterpret_cast<char*>(&bits) + (half ? 2 : 0), bytes.constData() + at, half ? 2 : 4);
        values << std::bit_cast<float>(bits);
    }
    return values;
}

QStringList tensorsOf(const DumpFile& dump, const char* part)
{
    QStringList names;
    for (const QString& name : dump.header.keys())
        if (name.startsWith("layers.") && name.endsWith(part))
            names << name;
    return names;
}

double meanSquaredError(const DumpFile& a, const DumpFile& b, const char* part)
{
    double sum = 0, count = 0;
    for (const QString& name : tensorsOf(a, part)) {
        const auto x = floatsOf(a, name), y = floatsOf(b, name);
        for (qsizetype i = 0; i < x.size(); ++i)
            sum += (double(x[i]) - y[i]) * (double(x[i]) - y[i]);
        count += double(x.size());
    }
    return sum / count;
}

} // namespace

void EveryMethodTest::measure(const QString& name, const QString& importance, const QStringList& options)
{
    Shape& shape = m_shapes[name];
    shape.dump = m_folder.filePath(name + ".safetensors");
    shape.importance = importance;
    QVERIFY(generate(shape.dump, options));
    QStringList arguments { "eval", shape.dump, "--importance", importance, "--csv", "-" };
    for (const QJsonValue& method : methods()) {
        const QString id = method["id"].toString();
        // What needs a model refuses a dump that no model made: the reason is the row's result.
        if (method["family"] == "Reference" && id != "identity")
            shape.refusals[id] = pikv({ "eval", shape.dump, "--with", id }).err;
        else
            arguments += { "--with", specOf(id) };
    }
    const Finished result = pikv(arguments);
    QVERIFY2(result.status == 0, result.err);
    for (const Row& row : parseCsv(result.out))
        shape.rows[row["compressor"]] = row;
}

void EveryMethodTest::initTestCase()
{
    measure("plain", "none", { "--dtype", "f32" });
    measure("grouped", "attention",
        { "--batch", "2", "--layers", "2", "--query-heads", "4", "--value-dim", "64", "--dtype", "bf16" });
}

void EveryMethodTest::throughTheFile_data()
{
    QTest::addColumn<QString>("shape");
    QTest::addColumn<QString>("method");
    for (const QString& shape : m_shapes.keys())
        for (const QJsonValue& method : methods()) {
            const QString id = method["id"].toString();
            QTest::newRow((id + ", " + shape).toUtf8()) << shape << id;
        }
}

void EveryMethodTest::throughTheFile()
{
    QFETCH(QString, shape);
    QFETCH(QString, method);
    const Shape& s = m_shapes[shape];
    if (s.refusals.contains(method))
        QVERIFY2(s.refusals[method].contains("token ids"), s.refusals[method]);
    if (s.refusals.contains(method))
        return;
    const QString file = m_folder.filePath("m.pikv"), back = m_folder.filePath("m.safetensors");
    const Finished compressed
        = pikv({ "compress", s.dump, "--with", specOf(method), "--importance", s.importance, "-o", file });
    QVERIFY2(compressed.status == 0, compressed.err);
    const double size = double(QFileInfo(file).size()), reported = s.rows[method]["stored_bytes"].toDouble();
    QVERIFY2(std::abs(size - reported) <= 4096 + 0.001 * reported,
        qPrintable(QString("%1 bytes, reported %2").arg(size).arg(reported)));
    const Finished restored = pikv({ "decompress", file, "-o", back });
    QVERIFY2(restored.status == 0, restored.err);
    const DumpFile before = DumpFile::read(s.dump), after = DumpFile::read(back);
    for (const char* part : { "key", "value" }) {
        QVERIFY(!tensorsOf(before, part).isEmpty());
        QCOMPARE(tensorsOf(after, part), tensorsOf(before, part));
        for (const QString& name : tensorsOf(before, part)) {
            QCOMPARE(after.header[name]["dtype"], before.header[name]["dtype"]);
            QCOMPARE(after.header[name]["shape"], before.header[name]["shape"]);
        }
        const double here = meanSquaredError(before, after, part);
        const double there = s.rows[method][QString("%1_mse").arg(part)].toDouble();
        QVERIFY2(std::abs(here - there) <= 1e-4 * there,
            qPrintable(QString("%1 MSE %2, reported %3").arg(part).arg(here).arg(there)));
        QVERIFY(method == "identity" ? here == 0 : here > 0);
    }
}

PIKV_TEST(EveryMethodTest)
#include "tst_everymethod.moc"
