// SPDX-License-Identifier: GPL-3.0-or-later
// What may stand in for a measurement, and what a result is worth after it was bytes.
#include "core/dumps/dumps.h"
#include "core/dumps/fingerprint.h"
#include "core/dumps/generate.h"
#include "core/eval/engineid.h"
#include "core/eval/resultrecord.h"
#include "core/eval/resultsio.h"
#include "core/study/recorded.h"
#include "engine/testcache.h"
#include "testmain.h"
#include <QFile>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>
#include <map>

using namespace pikv;

namespace {

/// Keeps what it is given, and counts.
class MemoryStore : public ResultStore {
public:
    std::optional<EvaluationResult> find(const MeasurementKey& key, Origin) override
    {
        const auto at = results.find(text(key));
        return at == results.end() ? std::nullopt : std::optional(at->second);
    }
    void add(const MeasurementKey& key, const DumpFacts&, const EvaluationResult& result, Origin) override
    {
        EvaluationResult stored = result;
        stored.measured = "before";
        results.emplace(text(key), stored);
    }
    std::vector<Found> all(const MeasurementKey&) override { return {}; }
    std::optional<NextTokenMetrics> findScore(const MeasurementKey&, const std::string&) override { return {}; }
    void addScore(const MeasurementKey&, const std::string&, const DumpFacts&, const NextTokenMetrics&) override { }
    std::map<std::string, NextTokenMetrics> allScores(const MeasurementKey&, const std::string&) override { return {}; }
    std::string knownHash(const std::string& state, const std::string& kind) override { return hashes[kind + state]; }
    void rememberHash(const std::string& state, const std::string& kind, const std::string& hash) override
    {
        hashes[kind + state] = hash;
    }

    std::map<std::string, EvaluationResult> results;
    std::map<std::string, std::string> hashes;

private:
    static std::string text(const MeasurementKey& key)
    {
        return key.dump + "\n" + key.engine + "\n" + key.settings + "\n" + key.method;
    }
};

CachePtr smallDump(const QString& path, std::uint64_t seed = 0)
{
    GenerateOptions options;
    options.layers = 2;
    options.kvHeads = 2;
    options.seq = 64;
    options.headDim = 32;
    options.queries = 4;
    options.seed = seed;
    generateCacheFile(options, path.toStdString());
    return openCache(path.toStdString());
}

} // namespace

class RecordedTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void nothingIsMeasuredTwice();
    void everySettingMakesItAnother();
    void previewsAreNoResults();
    void filesOfAMethodCountByWhatIsInTheirPlace();
    void recordsComeBackWhole();
    void damagedRecordsAreRefused();
    void fingerprintsTellCachesApart();
    void fingerprintsAreRememberedWhileTheFileStays();
    void engineNamesItsBuild();

private:
    QTemporaryDir m_folder;
};

void RecordedTest::nothingIsMeasuredTwice()
{
    const Study study(smallDump(m_folder.filePath("a.safetensors")));
    const auto store = std::make_shared<MemoryStore>();
    const Recorder recorder(store, fingerprintOf(*study.cache(), store.get()));
    const MethodSpec method = parseSpec("kivi:key_bits=4");
    const EvaluationResult first = recorder.evaluate(study, method, { {}, false });
    QVERIFY(first.measured.empty() && first.layers.empty());
    const EvaluationResult again = recorder.evaluate(study, method, { {}, true });
    QCOMPARE(again.measured, std::string("before"));
    QCOMPARE(again.compressSeconds, first.compressSeconds); // to the last bit: not measured again
    QCOMPARE(again.layers.size(), std::size_t(2)); // kept though the first one did not ask for them
    QCOMPARE(store->results.size(), std::size_t(1));
}

void RecordedTest::everySettingMakesItAnother()
{
    const CachePtr cache = smallDump(m_folder.filePath("b.safetensors"));
    const auto store = std::make_shared<MemoryStore>();
    const Recorder recorder(store, cacheFingerprint(*cache));
    const auto measure = [&](const StudySettings& settings, const char* spec) {
        return recorder.evaluate(Study(cache, settings), parseSpec(spec), {}).measured;
    };
    QCOMPARE(measure({}, "lora"), std::string());
    StudySettings other;
    other.seed = 1;
    QCOMPARE(measure(other, "lora"), std::string());
    other = {};
    other.acceptNonFinite = true;
    QCOMPARE(measure(other, "lora"), std::string());
    other = {};
    other.importance.source = ImportanceSpec::Source::Recency;
    QCOMPARE(measure(other, "lora"), std::string());
    QCOMPARE(measure({}, "lora:rank=4"), std::string());
    QCOMPARE(measure({}, "lora"), std::string("before"));
    // Another dump, and another engine.
    const Recorder elsewhere(store, "another");
    QVERIFY(elsewhere.evaluate(Study(cache), parseSpec("lora"), {}).measured.empty());
    QCOMPARE(recorder.key({}, parseSpec("lora")).engine, engineId());
}

void RecordedTest::previewsAreNoResults()
{
    const Study study(smallDump(m_folder.filePath("c.safetensors")));
    const auto store = std::make_shared<MemoryStore>();
    const Recorder recorder(store, "c");
    QVERIFY(recorder.evaluate(study, parseSpec("kivi"), { { 0 } }).preview);
    QVERIFY(store->results.empty());
}

void RecordedTest::filesOfAMethodCountByWhatIsInTheirPlace()
{
    const QString basis = m_folder.filePath("basis.pikv-basis");
    const CachePtr cache = smallDump(m_folder.filePath("d.safetensors"));
    const auto learn = [&](std::uint64_t seed) {
        const CachePtr other = smallDump(m_folder.filePath("learn.safetensors"), seed);
        calibrate(parseSpec("lora"), { other }, {}, basis.toStdString());
    };
    learn(1);
    const MethodSpec method = parseSpec("lora:shared=" + basis.toStdString());
    const std::string first = methodText(method);
    learn(2);
    QVERIFY(methodText(method) != first);
    QVERIFY(methodText(method).starts_with("lora:"));
    QCOMPARE(methodText(parseSpec("lora")), methodText(parseSpec("lora")));
}

void RecordedTest::recordsComeBackWhole()
{
    StudySettings settings;
    settings.importance = parseImportance("uniform:0.25");
    settings.seed = 7;
    EvaluationResult result
        = Study(smallDump(m_folder.filePath("e.safetensors")), settings).evaluate(parseSpec("fastv:num_centroids=8"));
    result.warnings = { "one, \"quoted\"", "" };
    result.measured = "then";
    result.largestClamped = 7e4;
    EvaluationResult back = unpackResult(packResult(result));
    back.layers = unpackLayers(packLayers(result.layers));
    QCOMPARE(resultsToCsv({ back }), resultsToCsv({ result }));
    QCOMPARE(layersToCsv({ back }), layersToCsv({ result }));
    QCOMPARE(resultToJson(back), resultToJson(result));
    QVERIFY(layersToCsv({ result }).size() > 1000);
    QCOMPARE(back.largestClamped, 7e4);
    // The form for other readers, too.
    QCOMPARE(resultsToCsv({ resultFromJson(resultToJson(result), "here") }).substr(0, 400),
        resultsToCsv({ result }).substr(0, 400));
}

void RecordedTest::damagedRecordsAreRefused()
{
    const EvaluationResult result = Study(smallDump(m_folder.filePath("f.safetensors"))).evaluate(parseSpec("kivi"));
    const std::string record = packResult(result), layers = packLayers(result.layers);
    for (std::size_t i = 0; i < record.size(); i += 3) {
        std::string damaged = record;
        damaged[i] = char(damaged[i] ^ 0x20);
        QVERIFY_THROWS_EXCEPTION(Error, (void)unpackResult(damaged));
        QVERIFY_THROWS_EXCEPTION(Error, (void)unpackResult(std::string_view(record).substr(0, i)));
        QVERIFY_THROWS_EXCEPTION(Error, (void)unpackLayers(std::string_view(layers).substr(0, i)));
    }
}

void RecordedTest::fingerprintsTellCachesApart()
{
    const QString path = m_folder.filePath("g.safetensors"), copy = m_folder.filePath("copy.safetensors");
    const std::string original = cacheFingerprint(*smallDump(path));
    QCOMPARE(original.size(), std::size_t(32));
    QVERIFY(QFile::copy(path, copy));
    QCOMPARE(cacheFingerprint(*openCache(copy.toStdString())), original);
    // One bit of the last tensor.
    QFile file(copy);
    QVERIFY(file.open(QIODevice::ReadWrite));
    file.seek(file.size() - 1);
    const char last = file.read(1)[0];
    file.seek(file.size() - 1);
    file.write(QByteArray(1, char(last ^ 1)));
    file.close();
    QVERIFY(cacheFingerprint(*openCache(copy.toStdString())) != original);
    // What is known beside the tensors counts.
    const auto cache = pikvtest::makeCache({});
    CacheInfo info = cache->info();
    std::vector<LayerKv> layers;
    for (int i = 0; i < cache->layerCount(); ++i)
        layers.push_back(cache->layer(i));
    const std::string plain = cacheFingerprint(MemoryCache(info, layers));
    QCOMPARE(cacheFingerprint(MemoryCache(info, layers)), plain);
    info.rope.theta = 12345.0;
    QVERIFY(cacheFingerprint(MemoryCache(info, layers)) != plain);
    info = cache->info();
    info.tokenIds.assign(std::size_t(info.batch() * info.seq()), 3);
    QVERIFY(cacheFingerprint(MemoryCache(info, layers)) != plain);
    std::swap(layers.front().key, layers.back().key);
    QVERIFY(cacheFingerprint(MemoryCache(cache->info(), layers)) != plain);
}

void RecordedTest::fingerprintsAreRememberedWhileTheFileStays()
{
    const QString path = m_folder.filePath("h.safetensors");
    MemoryStore store;
    CachePtr first = smallDump(path);
    QCOMPARE(knownFingerprint(*first, &store), std::string());
    const std::string fingerprint = fingerprintOf(*first, &store);
    QCOMPARE(knownFingerprint(*openCache(path.toStdString()), &store), fingerprint);
    first.reset();
    const CachePtr changed = smallDump(path, 5);
    QCOMPARE(knownFingerprint(*changed, &store), std::string());
    QVERIFY(fingerprintOf(*changed, &store) != fingerprint);
}

void RecordedTest::engineNamesItsBuild()
{
    const QString id = QString::fromStdString(engineId());
    QVERIFY2(
        QRegularExpression("^\\d+\\.\\d+\\.\\d+ build [0-9a-f]{40} LibTorch \\d").match(id).hasMatch(), qPrintable(id));
}

PIKV_TEST(RecordedTest)
#include "recorded_test.moc"
