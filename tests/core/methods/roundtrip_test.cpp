// SPDX-License-Identifier: GPL-3.0-or-later
// Every registered method, with its defaults, through a saved file.
#include "methodcases.h"
#include "testmain.h"
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/isfinite.h>
#include <QFileInfo>
#include <QTemporaryDir>
#include <QTest>
#include <algorithm>

using namespace pikv;
using namespace pikvtest;

Q_DECLARE_METATYPE(pikv::GenerateOptions)

class RoundTripTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    /// A method that begins to refuse what it took, or to take what it cannot do, is seen here.
    void exactlyTheKnownPairsAreRefused_data()
    {
        QTest::addColumn<QString>("method");
        for (const MethodInfo& method : Registry::instance().methods())
            QTest::addRow("%s", method.id.c_str()) << QString::fromStdString(method.id);
    }
    void exactlyTheKnownPairsAreRefused()
    {
        QFETCH(QString, method);
        for (const auto& [name, options] : namedCaches()) {
            QString reason;
            const bool takes
                = accepted(testedSpec(method.toStdString()), generateCache(options)->info(), reason) != nullptr;
            QVERIFY2(takes != isRefused(method.toStdString(), name), qPrintable(QString(name) + ": " + reason));
            QVERIFY(takes || reason.startsWith(method));
        }
    }

    void shapeDtypeAndSize_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<GenerateOptions>("options");
        for (const MethodInfo& method : Registry::instance().methods())
            for (const auto& [name, options] : namedCaches())
                if (!isRefused(method.id, name))
                    QTest::addRow("%s, %s", method.id.c_str(), name)
                        << QString::fromStdString(testedSpec(method.id)) << options;
    }
    void shapeDtypeAndSize()
    {
        QFETCH(QString, method);
        QFETCH(GenerateOptions, options);
        const CachePtr cache = generateCache(options);
        const auto compressor = fitting(method, cache->info());
        const RoundTrip trip = throughFile(*compressor, *cache, path());
        QCOMPARE(quint64(QFileInfo(QString::fromStdString(path())).size()), quint64(trip.encoded.fileBytes()));
        QCOMPARE(trip.decoded->layerCount(), cache->layerCount());
        for (int i = 0; i < cache->layerCount(); ++i) {
            const LayerKv original = cache->layer(i), decoded = trip.decoded->layer(i);
            compare(original.key, decoded.key);
            compare(original.value, decoded.value);
        }
    }

    /// The ledger says of every byte what it is for.
    void everySectionHasItsPart_data() { acceptingMethodRows(); }
    void everySectionHasItsPart()
    {
        QFETCH(QString, method);
        const CachePtr cache = generateCache(smallCache());
        const EncodedCache encoded
            = encode(*fitting(method + (method.contains(':') ? "," : ":") + "sinks=2", cache->info()), *cache);
        const MethodInfo& info = Registry::instance().get(parseSpec(method.toStdString()).id);
        const EncodedSizes sizes = encoded.sizes();
        auto sections = sizes.layerBreakdown();
        sections.insert(sections.end(), sizes.global().begin(), sizes.global().end());
        std::uint64_t sum = 0;
        for (const auto& [name, bytes] : sections) {
            sum += bytes;
            const std::string last = name.substr(name.find_last_of("./") + 1);
            QVERIFY2(partOfName(name) || std::ranges::count(info.sections, last, &SectionParts::section), name.c_str());
        }
        const ByteLedger ledger = ledgerOf(&info, sections);
        QCOMPARE(quint64(ledger.total()), quint64(sum));
        // Two rows of 3 layers, 2 heads, 32 channels, keys and values, 2 bytes each.
        QCOMPARE(quint64(ledger[LedgerPart::Sinks]), quint64(2 * 3 * 2 * 32 * 2 * 2));
        QVERIFY(ledger[LedgerPart::Payload] > 0);
        QVERIFY(publishedBytes(info, ledger) > 0 && publishedBytes(info, ledger) <= ledger.total());
        QCOMPARE(info.published.says.empty(), info.published.leavesOut.empty());
    }

    void threadsChangeNothing_data() { acceptingMethodRows(); }
    void threadsChangeNothing()
    {
        QFETCH(QString, method);
        const CachePtr cache = generateCache(smallCache());
        const auto compressor = fitting(method, cache->info());
        const int threads = at::get_num_threads();
        at::set_num_threads(1);
        const EncodedCache one = encode(*compressor, *cache);
        const auto decodedByOne = decode(one);
        at::set_num_threads(3);
        const EncodedCache three = encode(*compressor, *cache);
        const auto decodedByThree = decode(one);
        at::set_num_threads(threads);
        for (std::size_t i = 0; i < one.layers.size(); ++i)
            QVERIFY2(one.layers[i].all() == three.layers[i].all(), "the bytes depend on the number of threads");
        QVERIFY(one.global.all() == three.global.all());
        for (int i = 0; i < cache->layerCount(); ++i) {
            QVERIFY(at::equal(decodedByOne->layer(i).key, decodedByThree->layer(i).key));
            QVERIFY(at::equal(decodedByOne->layer(i).value, decodedByThree->layer(i).value));
        }
    }

    void protectedTokensAreExact_data() { acceptingMethodRows(); }
    void protectedTokensAreExact()
    {
        QFETCH(QString, method);
        const CachePtr cache = generateCache(smallCache());
        const auto compressor = fitting(method.section(':', 0, 0) + ":sinks=3,recent=5", cache->info());
        const auto decoded = throughFile(*compressor, *cache, path()).decoded;
        for (int i = 0; i < cache->layerCount(); ++i) {
            const LayerKv a = cache->layer(i), b = decoded->layer(i);
            for (const auto& [original, back] : { std::pair(a.key, b.key), std::pair(a.value, b.value) }) {
                QVERIFY(at::equal(original.narrow(2, 0, 3), back.narrow(2, 0, 3)));
                QVERIFY(at::equal(original.narrow(2, 91, 5), back.narrow(2, 91, 5)));
            }
        }
    }

    void cancellationIsAnError_data() { acceptingMethodRows(); }
    void cancellationIsAnError()
    {
        QFETCH(QString, method);
        const CachePtr cache = generateCache(smallCache());
        const auto compressor = fitting(method, cache->info());
        const EncodedCache encoded = encode(*compressor, *cache);
        // Asked to stop at its first sign of progress, a job does not get to its last.
        for (const bool decodes : { false, true }) {
            std::stop_source stop;
            int signs = 0;
            const JobControl job(stop.get_token(), [&](const Progress&) {
                ++signs;
                stop.request_stop();
            });
            try {
                if (decodes)
                    compressor->decode(encoded, { job });
                else
                    compressor->encode(*cache, {}, { job });
                QFAIL("went on to the end");
            } catch (const Error& e) {
                QCOMPARE(e.kind(), ErrorKind::Cancelled);
                QVERIFY(signs >= 1);
            }
        }
    }

private:
    std::string path() const { return m_dir.filePath("case.pikv").toStdString(); }

    static void compare(const at::Tensor& original, const at::Tensor& decoded)
    {
        QCOMPARE(decoded.sizes(), original.sizes());
        QCOMPARE(decoded.scalar_type(), original.scalar_type());
        QVERIFY(at::isfinite(decoded).all().item<bool>());
        QVERIFY2(relativeError(original, decoded) < 1, "worse than storing nothing");
    }

    QTemporaryDir m_dir;
};

PIKV_TEST(RoundTripTest)
#include "roundtrip_test.moc"
