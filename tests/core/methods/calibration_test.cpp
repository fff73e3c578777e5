// SPDX-License-Identifier: GPL-3.0-or-later
// Every method that can be calibrated: learned on one cache, used on another of the same model.
#include "core/eval/calibrate.h"
#include "methodcases.h"
#include "testmain.h"
#include <ATen/ops/equal.h>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <algorithm>

using namespace pikv;
using namespace pikvtest;

class CalibrationTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        // The sequences of a batch share their statistics, as texts of one model do.
        GenerateOptions options = smallCache();
        options.layers = 2;
        options.batch = 3;
        options.seq = 256;
        const CachePtr all = generateCache(options);
        for (std::int64_t b = 0; b < 3; ++b)
            m_caches.push_back(sequence(*all, b));
    }

    void servesAnotherCache_data() { methodRows(); }
    void servesAnotherCache()
    {
        QFETCH(QString, method);
        const ParamSet params(Registry::instance().get(method.section(':', 0, 0).toStdString()).params);
        const bool joint = params.has("compression"),
                   aims = joint || (params.has("compression_ratio") && params.real("compression_ratio") > 0);
        const QString plain = joint ? "kvtc:compression=4,recent=16"
                                    : method + (aims ? ":compression_ratio=0.2,transform=klt,sinks=4" : ":sinks=4");
        const std::string with = learn(plain, { 0, 1 }, "a");
        const auto shared = makeCompressor(parseSpec(with));
        shared->validate(m_caches[2]->info());
        const RoundTrip trip = throughFile(*shared, *m_caches[2], path("case.pikv"));
        const EncodedCache own = encode(*makeCompressor(parseSpec(plain.toStdString())), *m_caches[2]);
        // A method with a target spends on precision what the calibration saves.
        if (aims)
            QVERIFY2(error(*trip.decoded, 2) < 0.8 * error(*decode(own), 2), "the calibration gains nothing");
        else
            QVERIFY2(trip.encoded.fileBytes() < own.fileBytes(), "the calibration saves nothing");
        QCOMPARE(shared->sharedBytes(), std::uint64_t(QFile(QString::fromStdString(path("a.pikv-basis"))).size()));
        for (int i = 0; i < trip.decoded->layerCount(); ++i) {
            QVERIFY(relativeError(m_caches[2]->layer(i).key, trip.decoded->layer(i).key) < 0.5);
            QVERIFY(relativeError(m_caches[2]->layer(i).value, trip.decoded->layer(i).value) < 0.9);
        }
    }

    void learningRepeats_data() { methodRows(); }
    void learningRepeats()
    {
        QFETCH(QString, method);
        learn(method, { 0, 1 }, "a");
        learn(method, { 0, 1 }, "b");
        QFile a(QString::fromStdString(path("a.pikv-basis"))), b(QString::fromStdString(path("b.pikv-basis")));
        QVERIFY(a.open(QIODevice::ReadOnly) && b.open(QIODevice::ReadOnly));
        QCOMPARE(a.readAll(), b.readAll());
    }

    void anotherCalibrationIsRefused_data() { methodRows(); }
    void anotherCalibrationIsRefused()
    {
        QFETCH(QString, method);
        const std::string with = learn(method, { 0 }, "a");
        const EncodedCache encoded = encode(*makeCompressor(parseSpec(with)), *m_caches[2]);
        learn(method, { 1 }, "a");
        try {
            decode(encoded);
            QFAIL("decoded with a calibration that it was not encoded with");
        } catch (const Error& e) {
            QCOMPARE(e.kind(), ErrorKind::Input);
            QVERIFY(QString::fromUtf8(e.what()).contains("a.pikv-basis"));
        }
    }

    void anotherShapeIsRefused_data() { methodRows(); }
    void anotherShapeIsRefused()
    {
        QFETCH(QString, method);
        const std::string with = learn(method, { 0 }, "a");
        GenerateOptions options = smallCache();
        QString reason;
        QVERIFY(!accepted(with, generateCache(options)->info(), reason));
        QVERIFY2(reason.contains("2 layers"), qPrintable(reason));
        options.layers = 2;
        options.kvHeads = 4;
        QVERIFY(!accepted(with, generateCache(options)->info(), reason));
        QVERIFY2(reason.contains("KV heads"), qPrintable(reason));
    }

    void damagedSectionsAreRefused_data() { methodRows(); }
    void damagedSectionsAreRefused()
    {
        QFETCH(QString, method);
        const std::string with = learn(method, { 0 }, "a");
        const EncodedCache whole = EncodedCache::load(path("a.pikv-basis"));
        const bool isJoint = whole.layers[0].all().empty(); // learned of all layers together
        const auto& sections = (isJoint ? whole.global : whole.layers[0]).all();
        QVERIFY(!sections.empty());
        for (std::size_t s = 0; s < sections.size(); ++s) {
            EncodedCache cut = whole;
            SectionSet halved;
            for (std::size_t i = 0; i < sections.size(); ++i) {
                auto [name, bytes] = sections[i];
                if (i == s)
                    bytes.resize(bytes.size() / 2);
                halved.add(name, bytes);
            }
            (isJoint ? cut.global : cut.layers[0]) = halved;
            cut.save(path("a.pikv-basis"));
            try {
                decode(encode(*makeCompressor(parseSpec(with)), *m_caches[2]));
                QFAIL(qPrintable(QString::fromStdString(sections[s].first + " cut in half was accepted")));
            } catch (const Error& e) {
                QCOMPARE(e.kind(), ErrorKind::Input);
            }
        }
    }

    void protectedTokensTeachNothing()
    {
        EncodedCache a, b;
        for (auto [sinks, out] : { std::pair(4, &a), std::pair(256, &b) }) {
            const auto method = makeCompressor(parseSpec("lora:sinks=" + std::to_string(sinks)));
            const JobControl job;
            if (sinks == 4)
                *out = method->calibrate({ m_caches[0] }, {}, { job });
            else
                QVERIFY_EXCEPTION_THROWN(method->calibrate({ m_caches[0] }, {}, { job }), Error);
        }
        QCOMPARE(a.layers.size(), std::size_t(2));
    }

    void loraIsNearItsOwnFit_data()
    {
        QTest::addColumn<QString>("spec");
        QTest::newRow("lora") << "lora:rank=16,code_bits=8,basis_bits=8,sinks=4";
        QTest::newRow("lora, heads") << "lora:rank=8,code_bits=8,basis_bits=8,scope=head,sinks=4";
        QTest::newRow("lora_plus") << "lora_plus:ranks=[8;16;24],code_bits=8,basis_bits=8,sinks=4";
    }
    void loraIsNearItsOwnFit()
    {
        QFETCH(QString, spec);
        const std::string own = spec.replace(';', ',').toStdString();
        const std::string same = learn(spec, { 2 }, "same"), other = learn(spec, { 0, 1 }, "other");
        for (int i = 0; i < 2; ++i) {
            const auto error = [&](const std::string& s) {
                const auto decoded = decode(encode(*makeCompressor(parseSpec(s)), *m_caches[2]));
                return relativeError(m_caches[2]->layer(i).key, decoded->layer(i).key);
            };
            QVERIFY2(
                error(same) < 1.1 * error(own), qPrintable(QString("%1 against %2").arg(error(same)).arg(error(own))));
            QVERIFY(error(other) > error(own) && error(other) < 0.1);
        }
    }

    void unknownRotationIsRefused()
    {
        const std::string undone = learn("lora", { 0 }, "undone"), kept = learn("lora:rope=keep", { 0 }, "kept");
        CacheInfo info = m_caches[2]->info();
        info.rope = {};
        QString reason;
        QVERIFY(!accepted(undone, info, reason));
        QVERIFY2(
            reason.contains("another rotation in layer 0") && reason.contains("unknown here; learn it with rope=keep"),
            qPrintable(reason));
        QVERIFY2(accepted(kept, info, reason), qPrintable(reason));
    }

    void anotherModelOrRotationIsRefused()
    {
        const std::string undone = learn("lora", { 0 }, "undone"), kept = learn("lora:rope=keep", { 0 }, "kept");
        CacheInfo info = m_caches[2]->info();
        QString reason;
        info.rope.theta = 500000;
        QVERIFY2(accepted(undone, info, reason), qPrintable(reason)); // the rotation is taken away from both
        QVERIFY(!accepted(kept, info, reason));
        QVERIFY2(reason.contains("base 10000") && reason.contains("base 5e+05"), qPrintable(reason));
        info.rope.theta = m_caches[2]->info().rope.theta;
        info.rope.scaling = R"({"rope_type":"llama3","factor":8})";
        QVERIFY(!accepted(kept, info, reason));
        QVERIFY2(reason.contains("scaling llama3 here"), qPrintable(reason));
        info.rope.scaling = R"({"rope_type":"yarn","factor":8})";
        QVERIFY(!accepted(undone, info, reason)); // cannot be taken away
        info = m_caches[2]->info();
        info.model = "another";
        QVERIFY(!accepted(undone, info, reason));
        QVERIFY2(reason.contains("the cache is of 'another'"), qPrintable(reason));
    }

    void unlikeDumpsTeachNothing()
    {
        CacheInfo info = m_caches[1]->info();
        info.model = "another";
        std::vector<LayerKv> layers;
        for (int i = 0; i < m_caches[1]->layerCount(); ++i)
            layers.push_back(m_caches[1]->layer(i));
        const auto other = std::make_shared<MemoryCache>(info, layers);
        info.model = m_caches[0]->info().model;
        info.rope.theta = 7;
        const auto turned = std::make_shared<MemoryCache>(info, layers);
        const JobControl job;
        for (const auto& unlike : { other, turned })
            QVERIFY_THROWS_EXCEPTION(
                Error, makeCompressor(parseSpec("lora:rope=keep"))->calibrate({ m_caches[0], unlike }, {}, { job }));
        (void)makeCompressor(parseSpec("lora"))->calibrate({ m_caches[0], turned }, {}, { job });
    }

    void fastvKeepsWhatWasLearned()
    {
        const std::string with = learn("fastv", { 0 }, "books");
        QString reason;
        QVERIFY2(accepted(with + ",sparsity_threshold=0.2", m_caches[2]->info(), reason), qPrintable(reason));
        for (const char* other : { "coded_share=0.5", "transform=none" }) {
            QVERIFY(!accepted(with + "," + other, m_caches[2]->info(), reason));
            QVERIFY2(reason.contains("was learned with"), qPrintable(reason));
        }
    }

    void loraTakesFewerDirectionsThanWereLearned()
    {
        learn("lora:rank=16", { 0 }, "wide");
        const std::string file = ",shared=" + path("wide.pikv-basis");
        double error = 2;
        for (const char* rank : { "4", "8", "16" }) {
            const auto decoded
                = decode(encode(*makeCompressor(parseSpec("lora:rank=" + std::string(rank) + file)), *m_caches[2]));
            const double now = relativeError(m_caches[2]->layer(0).value, decoded->layer(0).value);
            QVERIFY(now < error);
            error = now;
        }
        QString reason;
        QVERIFY(!accepted("lora:rank=17" + file, m_caches[2]->info(), reason));
        QVERIFY2(reason.contains("above the rank of the calibration, 16"), qPrintable(reason));
        QVERIFY(!accepted("lora:scope=head" + file, m_caches[2]->info(), reason));
        QVERIFY2(reason.contains("learned with scope=layer"), qPrintable(reason));
        QVERIFY(!accepted("lora_plus:shared=" + path("wide.pikv-basis"), m_caches[2]->info(), reason));
        QVERIFY2(reason.contains("a calibration of lora, not of lora_plus"), qPrintable(reason));
    }

    void transformMustBeOne_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("section");
        QTest::addColumn<int>("filler");
        for (const QString& method : { QStringLiteral("pyramid"), QStringLiteral("fastvideo") }) {
            const auto row = [&](const char* what) -> QTestData& {
                return QTest::addRow("%s, %s", qPrintable(method), what) << method;
            };
            row("means that are not finite") << "means" << 0xFF;
            row("vectors of zeros") << "bases" << 0;
            row("scales that are not finite") << "bases" << 0xFF;
            row("vectors all alike") << "bases" << 0x11;
        }
    }
    void transformMustBeOne()
    {
        QFETCH(QString, method);
        QFETCH(QString, section);
        QFETCH(int, filler);
        const std::string with = learn(method, { 0 }, "a");
        EncodedCache basis = EncodedCache::load(path("a.pikv-basis"));
        for (SectionSet& layer : basis.layers) {
            SectionSet filled;
            for (auto [name, bytes] : layer.all()) {
                if (name == section.toStdString())
                    std::fill(bytes.begin(), bytes.end(), std::byte(filler));
                filled.add(name, bytes);
            }
            layer = filled;
        }
        basis.save(path("a.pikv-basis"));
        try {
            encode(*makeCompressor(parseSpec(with)), *m_caches[2]);
            QFAIL("encoded with what is no transform");
        } catch (const Error& e) {
            QCOMPARE(e.kind(), ErrorKind::Input);
            QVERIFY(QString::fromUtf8(e.what()).contains(filler == 0 || filler == 0x11 ? "no inverse" : "not finite"));
        }
    }

    void meansAloneAreNoTransform_data()
    {
        QTest::addColumn<QString>("method");
        QTest::newRow("pyramid") << "pyramid";
        QTest::newRow("fastvideo") << "fastvideo";
    }
    void meansAloneAreNoTransform()
    {
        QFETCH(QString, method);
        const std::string name = method.toStdString();
        const std::string with = learn(method + ":transform=none", { 0 }, "means");
        QString reason;
        QVERIFY2(accepted(with, m_caches[2]->info(), reason), qPrintable(reason));
        QVERIFY(!accepted(name + ":shared=" + path("means.pikv-basis"), m_caches[2]->info(), reason));
        QVERIFY2(reason.contains("learned with transform=none, not with auto"), qPrintable(reason));
        learn(method + ":rope=keep", { 0 }, "kept");
        QVERIFY(!accepted(name + ":shared=" + path("kept.pikv-basis"), m_caches[2]->info(), reason));
        QVERIFY2(reason.contains("learned with rope=keep, not with undo"), qPrintable(reason));
    }

private:
    /// Sum over the layers of the relative errors of keys and of values.
    double error(const KvCache& decoded, std::size_t original) const
    {
        double sum = 0;
        for (int i = 0; i < decoded.layerCount(); ++i)
            sum += relativeError(m_caches[original]->layer(i).key, decoded.layer(i).key)
                + relativeError(m_caches[original]->layer(i).value, decoded.layer(i).value);
        return sum;
    }

    static void methodRows()
    {
        QTest::addColumn<QString>("method");
        for (const MethodInfo& method : Registry::instance().methods())
            if (canCalibrate(method.id))
                QTest::addRow("%s", method.id.c_str()) << QString::fromStdString(testedSpec(method.id));
    }

    static CachePtr sequence(const KvCache& all, std::int64_t batch)
    {
        std::vector<LayerKv> layers;
        for (int i = 0; i < all.layerCount(); ++i) {
            const LayerKv kv = all.layer(i);
            layers.push_back({ kv.key.narrow(0, batch, 1).clone(), kv.value.narrow(0, batch, 1).clone(), {}, {} });
        }
        CacheInfo info = all.info();
        info.queryPositions.clear();
        return std::make_shared<MemoryCache>(info, std::move(layers));
    }

    /// Learns on some of the caches; the spec that uses it.
    std::string learn(const QString& spec, const std::vector<std::size_t>& from, const std::string& name) const
    {
        CalibrationRequest request;
        request.method = parseSpec(spec.toStdString());
        request.device = DeviceChoice::Cpu;
        for (std::size_t i : from)
            request.caches.push_back(m_caches[i]);
        calibrateFile(request, path(name + ".pikv-basis"));
        return spec.toStdString() + (spec.contains(':') ? "," : ":") + "shared=" + path(name + ".pikv-basis");
    }

    std::string path(const std::string& name) const
    {
        return m_dir.filePath(QString::fromStdString(name)).toStdString();
    }
    QTemporaryDir m_dir;
    std::vector<CachePtr> m_caches;
};

PIKV_TEST(CalibrationTest)
#include "calibration_test.moc"
