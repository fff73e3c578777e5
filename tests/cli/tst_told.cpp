// SPDX-License-Identifier: GPL-3.0-or-later
// Dumps opened by what the user tells of them, with every command that opens one, and what is known the next time.
#include "dumpfile.h"
#include "runpikv.h"
#include "testmain.h"
#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTemporaryDir>
#include <QTest>

using namespace pikvtest;

class ToldTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup() { m_folder.reset(); }
    void unknownNamesAreMapped();
    void everyCommandTakesIt();
    void mappedIsTheSame();
    void itIsRememberedAndForgotten();
    void correctionsAreTold();
    void tokensAndLayersAreTold();
    void crossAttentionIsAPart();
    void wrongWordsAreUsage_data();
    void wrongWordsAreUsage();
    void misfitsNameWhatThereIs();
    void aDamagedStoreWarns();
    void compressedCachesAreNotTold();
    void sweepsDoNotMixWhatWasTold();

private:
    QString path(const QString& name) const { return m_folder->filePath(name); }
    static QJsonObject info(const QStringList& arguments)
    {
        return QJsonDocument::fromJson(pikv(QStringList { "info", "--json" } + arguments).out).object();
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_dump, m_mine; ///< a native dump, and the same with names of somebody's own
};

static const QString mapping
    = QStringLiteral("key=net.{layer}.past_a,value=net.{layer}.past_b,axes=batch,kv_head,seq,head_dim");

void ToldTest::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    qputenv("XDG_DATA_HOME", path("data").toLocal8Bit());
    m_dump = path("dump.safetensors");
    m_mine = path("mine.safetensors");
    QVERIFY(generate(m_dump, { "--queries", "0" }));
    DumpFile file = DumpFile::read(m_dump);
    QJsonObject header;
    for (auto entry = file.header.begin(); entry != file.header.end(); ++entry) {
        QString name = entry.key();
        if (name == "__metadata__")
            continue;
        name.replace("layers.", "net.").replace(".key", ".past_a").replace(".value", ".past_b");
        header[name] = entry.value();
    }
    file.header = header;
    writeFile(m_mine, file.bytes());
}

void ToldTest::unknownNamesAreMapped()
{
    const Finished unknown = pikv({ "info", m_mine });
    QCOMPARE(unknown.status, 3);
    QVERIFY2(unknown.err.contains("named like a key or value"), unknown.err);
    const Finished told = pikv({ "info", m_mine, "--map", mapping });
    QCOMPARE(told.status, 0);
    QVERIFY2(told.out.contains("3 layers x [1, 2, 96, 32]"), told.out);
    QVERIFY2(told.out.contains("told by user  tensors " + mapping.toUtf8()), told.out);
}

void ToldTest::everyCommandTakesIt()
{
    const QStringList map { "--map", mapping };
    const QString out = path("out"), pikvFile = path("x.pikv");
    for (const QStringList& command : { QStringList { "eval", m_mine, "--with", "kivi", "--json", "-" },
             QStringList { "compress", m_mine, "--with", "kivi", "-o", pikvFile },
             QStringList { "sweep", m_mine, "--with", "kivi:key_bits=[2,4]", "-o", out },
             QStringList { "calibrate", m_mine, "--with", "lora", "-o", path("x.pikv-basis") },
             QStringList { "convert", m_mine, "-o", path("x.npz") } }) {
        const Finished done = pikv(command + map + QStringList { "--forget" });
        QVERIFY2(done.status == 0, done.err);
        QVERIFY2(!done.err.contains("told before"), done.err);
    }
    QCOMPARE(info({ path("x.npz") })["layers"].toInt(), 3);
}

/// The figures of the mapped dump are those of the native one.
void ToldTest::mappedIsTheSame()
{
    const auto figures = [](const Finished& done) {
        const QJsonObject result = QJsonDocument::fromJson(done.out).object()["results"].toArray().at(0).toObject();
        return QList<double> { result["key_mse"].toDouble(), result["value_mse"].toDouble(),
            result["original_bytes"].toDouble() };
    };
    const QStringList end { "--with", "kivi:key_bits=2", "--json", "-" };
    const Finished native = pikv(QStringList { "eval", m_dump } + end);
    const Finished mine = pikv(QStringList { "eval", m_mine, "--map", mapping } + end);
    QVERIFY2(native.status == 0 && mine.status == 0, native.err + mine.err);
    QVERIFY(figures(native).at(0) > 0);
    QCOMPARE(figures(mine), figures(native));
}

void ToldTest::itIsRememberedAndForgotten()
{
    QCOMPARE(pikv({ "info", m_mine, "--map", mapping, "--model-name", "mine" }).status, 0);
    const Finished again = pikv({ "info", m_mine });
    QCOMPARE(again.status, 0);
    QVERIFY2(again.err.contains("opened as it was told before: tensors key=net.{layer}.past_a"), again.err);
    QVERIFY2(again.err.contains("--forget drops that") && again.out.contains("mine"), again.err);
    QCOMPARE(pikv({ "info", m_mine, "--quiet" }).err, QByteArray());
    QCOMPARE(info({ m_mine })["told_by_user"].toObject()["map"].toString(), mapping);
    QCOMPARE(pikv({ "info", m_mine, "--forget" }).status, 3); // as on the first day
    QCOMPARE(pikv({ "info", m_mine }).status, 3);
}

void ToldTest::correctionsAreTold()
{
    const QJsonObject before = info({ m_dump });
    QVERIFY(!before.contains("told_by_user"));
    const QJsonObject after = info({ m_dump, "--keys", "plain", "--rope-theta", "12345", "--rope-layout", "interleaved",
        "--rope-scaling", R"({"rope_type":"linear","factor":2})", "--model-name", "mine/model" });
    QCOMPARE(after["model"].toString(), QString("mine/model"));
    QVERIFY(after != before);
    const Finished text = pikv({ "info", m_dump });
    QVERIFY2(text.out.contains("told by user  keys not rotated, interleaved layout, base 12345, scaling {"), text.out);
    QVERIFY2(text.out.contains("keys not rotated, interleaved layout"), text.out);
    // What is written from it says so of its own.
    const QString copy = path("copy.safetensors");
    QCOMPARE(pikv({ "convert", m_dump, "-o", copy }).status, 0);
    const Finished native = pikv({ "info", copy });
    QVERIFY2(!native.out.contains("told by user") && native.out.contains("base 12345"), native.out);
}

void ToldTest::tokensAndLayersAreTold()
{
    QByteArray ids;
    for (int i = 0; i < 96; ++i)
        ids += QByteArray::number(i) + "\n";
    writeFile(path("ids.txt"), ids);
    const QJsonObject told = info({ m_dump, "--token-ids", QDir::current().relativeFilePath(path("ids.txt")),
        "--rope-dim", "16", "--rope-theta", "10000,1:1000000" });
    QCOMPARE(told["token_ids"].toInt(), 96);
    QCOMPARE(told["rope_dim"].toInt(), 16);
    QList<double> bases;
    for (const QJsonValue& layer : told["layer_ropes"].toArray())
        bases << layer["rope_theta"].toDouble();
    QCOMPARE(bases, (QList<double> { 1e4, 1e6, 1e4 }));
    QCOMPARE(told["told_by_user"]["token-ids"].toString(), path("ids.txt")); // wherever it is opened from
    QCOMPARE(info({ m_dump })["token_ids"].toInt(), 96);
    QVERIFY(QFile::remove(path("ids.txt")));
    const Finished gone = pikv({ "info", m_dump });
    QCOMPARE(gone.status, 3);
    QVERIFY2(gone.err.contains("ids.txt") && gone.err.contains("told before"), gone.err);
}

void ToldTest::crossAttentionIsAPart()
{
    const QString dump = path("decoder.pt");
    QVERIFY(QFile::copy(QStringLiteral(PIKV_SOURCE_DIR "/tests/data/dumps/encoder_decoder.pt"), dump));
    QCOMPARE(info({ dump })["attention"].toString(), QString("self"));
    const QJsonObject cross = info({ dump, "--part", "cross" });
    QCOMPARE(cross["attention"].toString(), QString("cross"));
    QCOMPARE(cross["seq"].toInt(), 5);
    QCOMPARE(cross["key_rope"].toString(), QString("pre"));
    const Finished done = pikv({ "eval", dump, "--with", "kivi", "--json", "-" });
    QVERIFY2(done.status == 0, done.err);
    const Finished recency = pikv({ "eval", dump, "--with", "kivi", "--importance", "recency" });
    QCOMPARE(recency.status, 2);
    QVERIFY2(recency.err.contains("an encoder's tokens"), recency.err);
    // It is what its copies say, too.
    for (const char* name : { "a.safetensors", "a.npz", "a.pt" }) {
        QCOMPARE(pikv({ "convert", dump, "-o", path(name) }).status, 0);
        QCOMPARE(info({ path(name) })["attention"].toString(), QString("cross"));
    }
}

void ToldTest::wrongWordsAreUsage_data()
{
    QTest::addColumn<QStringList>("options");
    QTest::addColumn<QByteArray>("named");
    QTest::newRow("mapping") << QStringList { "--map", "key=a" } << QByteArray("--map: the mapping");
    QTest::newRow("axis") << QStringList { "--map", "axes=seq,dim" } << QByteArray("'dim' is no axis");
    QTest::newRow("keys") << QStringList { "--keys", "turned" } << QByteArray("--keys: 'turned' is neither");
    QTest::newRow("base") << QStringList { "--rope-theta", "0" } << QByteArray("--rope-theta: '0' is no finite");
    QTest::newRow("head_dim") << QStringList { "--head-dim", "x" } << QByteArray("--head-dim: 'x' is no number");
}

void ToldTest::wrongWordsAreUsage()
{
    QFETCH(QStringList, options);
    QFETCH(QByteArray, named);
    const Finished done = pikv(QStringList { "info", m_dump } + options);
    QCOMPARE(done.status, 2);
    QVERIFY2(done.err.contains(named), done.err);
}

void ToldTest::misfitsNameWhatThereIs()
{
    const Finished names = pikv({ "info", m_mine, "--map", "key=k,value=v,axes=layer,seq,head_dim" });
    QCOMPARE(names.status, 3);
    QVERIFY2(names.err.contains("'net.0.past_a' [1, 2, 96, 32]"), names.err);
    const Finished part = pikv({ "info", m_dump, "--sequence", "3" });
    QCOMPARE(part.status, 3);
    QVERIFY2(part.err.contains("holds one cache"), part.err);
    const Finished heads = pikv({ "eval", m_dump, "--with", "kivi", "--head-dim", "16" });
    QCOMPARE(heads.status, 3);
    QVERIFY2(heads.err.contains("says how many heads it has"), heads.err);
    QVERIFY(!QFile::exists(path("data/pikv-explorer/told.json"))); // what failed is not remembered
}

void ToldTest::aDamagedStoreWarns()
{
    QVERIFY(QDir().mkpath(path("data/pikv-explorer")));
    writeFile(path("data/pikv-explorer/told.json"), "{");
    const Finished done = pikv({ "info", m_dump });
    QCOMPARE(done.status, 0);
    QVERIFY2(done.err.contains("warning: What was told of dumps before is not used"), done.err);
}

void ToldTest::compressedCachesAreNotTold()
{
    const QString file = path("x.pikv");
    QCOMPARE(pikv({ "compress", m_dump, "--with", "kivi", "-o", file }).status, 0);
    const Finished done = pikv({ "info", file, "--keys", "plain" });
    QCOMPARE(done.status, 3);
    QVERIFY2(done.err.contains("of which nothing can be told"), done.err);
    QVERIFY2(pikv({ "info", file, "--map", mapping }).err.contains("cannot be mapped"), done.err);
}

void ToldTest::sweepsDoNotMixWhatWasTold()
{
    const QStringList sweep { "sweep", m_dump, "--with", "kivi", "-o", path("out") };
    QCOMPARE(pikv(sweep).status, 0);
    const Finished other = pikv(sweep + QStringList { "--keys", "plain" });
    QVERIFY2(other.status == 2 && other.err.contains("told"), other.err);
}

PIKV_TEST(ToldTest)
#include "tst_told.moc"
