// SPDX-License-Identifier: GPL-3.0-or-later
// Presets that were saved in the window, ranges, and several importances in one sweep.
#include "runpikv.h"
#include "testmain.h"
#include <QDir>
#include <QSet>
#include <QTemporaryDir>
#include <QTest>

using namespace pikvtest;

class PresetsTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QByteArray m_before;
    QString m_dump;

private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase();
    void sweepsTheUsersOwn();
    void unknownOnesAreNamed();
    void severalImportancesAndARange();
};

void PresetsTest::initTestCase()
{
    m_before = qgetenv("XDG_DATA_HOME");
    qputenv("XDG_DATA_HOME", m_folder.path().toLocal8Bit());
    m_dump = m_folder.filePath("dump.safetensors");
    QVERIFY(generate(m_dump));
}

void PresetsTest::cleanupTestCase()
{
    if (m_before.isNull())
        qunsetenv("XDG_DATA_HOME");
    else
        qputenv("XDG_DATA_HOME", m_before);
}

void PresetsTest::sweepsTheUsersOwn()
{
    QVERIFY(QDir(m_folder.path()).mkpath("pikv-explorer"));
    writeFile(m_folder.filePath("pikv-explorer/presets.json"),
        R"({"version": 1, "presets": [{"name": "two levels", "settings": ["kivi:key_bits=3"],
            "sweep": ["kivi:key_bits=[2..4:2]", "q8_0"], "importances": "none,recency", "next_token": false}]})");
    const QString folder = m_folder.filePath("own");
    const Finished sweep = pikv({ "sweep", m_dump, "--preset", "two levels", "-o", folder });
    QVERIFY2(sweep.status == 0, sweep.err);
    const auto rows = parseCsv(readFile(folder + "/results.csv"));
    QCOMPARE(rows.size(), 6);
    QSet<QString> importances;
    for (const Row& row : rows)
        importances << row["importance"];
    QCOMPARE(importances, QSet<QString>({ "none", "recency" }));
    const Finished twice = pikv({ "sweep", m_dump, "--preset", "two levels", "--importance", "recency", "-o", folder });
    QVERIFY(twice.status == 2 && twice.err.contains("which sets its own"));
}

void PresetsTest::unknownOnesAreNamed()
{
    const Finished sweep = pikv({ "sweep", m_dump, "--preset", "mine", "-o", m_folder.filePath("x") });
    QCOMPARE(sweep.status, 2);
    QVERIFY2(sweep.err.contains("unknown preset 'mine'") && sweep.err.contains("default, seed"), sweep.err);
}

/// As the window's editor copies it.
void PresetsTest::severalImportancesAndARange()
{
    const QString folder = m_folder.filePath("results");
    const Finished sweep = pikv(
        { "sweep", m_dump, "--with", "kivi:key_bits=[2,4..8:*2]", "--importance", "none,uniform:0.2", "-o", folder });
    QVERIFY2(sweep.status == 0, sweep.err);
    QCOMPARE(parseCsv(readFile(folder + "/results.csv")).size(), 6);
    const Finished wrong = pikv({ "sweep", m_dump, "--with", "kivi", "--importance", "none,sometimes", "-o", folder });
    QVERIFY(wrong.status == 2 && wrong.err.contains("sometimes"));
    const Finished damaged = [&] {
        writeFile(m_folder.filePath("pikv-explorer/presets.json"), "{");
        return pikv({ "sweep", m_dump, "--preset", "two levels", "-o", folder });
    }();
    QVERIFY2(damaged.status == 3 && damaged.err.contains("presets.json"), damaged.err);
}

PIKV_TEST(PresetsTest)
#include "tst_presets.moc"
