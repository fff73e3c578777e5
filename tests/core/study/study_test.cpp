// SPDX-License-Identifier: GPL-3.0-or-later
// The rules that every measurement obeys, whether window or command line asks: fit, memory, importance once.
#include "core/codec/registry.h"
#include "core/eval/pareto.h"
#include "core/study/choices.h"
#include "core/study/presets.h"
#include "core/study/recorded.h"
#include "core/study/study.h"
#include "core/study/sweep.h"
#include "core/study/sweepfolder.h"
#include "engine/testcache.h"
#include "testmain.h"
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <atomic>

using namespace pikv;

namespace {

/// Counts what is read of it.
class CountingCache : public KvCache {
public:
    explicit CountingCache(CachePtr cache)
        : m_cache(std::move(cache))
    {
        m_info = m_cache->info();
    }
    LayerKv layer(int index) const override
    {
        ++m_reads;
        return m_cache->layer(index);
    }
    at::Tensor storedImportance() const override { return m_cache->storedImportance(); }
    int reads() const { return m_reads; }

private:
    CachePtr m_cache;
    mutable std::atomic<int> m_reads = 0;
};

std::shared_ptr<const CountingCache> countingCache(const pikvtest::CacheShape& shape = {})
{
    return std::make_shared<CountingCache>(pikvtest::makeCache(shape));
}

/// Has shapes that no computer can hold, and no tensors.
class VastCache : public KvCache {
public:
    VastCache()
    {
        const auto small = pikvtest::makeCache({ .layers = 1 });
        m_info = small->info();
        m_info.layers.front().seq = std::int64_t(1) << 40;
    }
    LayerKv layer(int) const override
    {
        m_wasRead = true;
        throw inputError("a layer was read");
    }
    bool wasRead() const { return m_wasRead; }

private:
    mutable bool m_wasRead = false;
};

/// The kind of error that `work` ends with; nothing where it ends well.
std::optional<ErrorKind> refusal(const std::function<void()>& work)
{
    try {
        work();
        return {};
    } catch (const Error& e) {
        return e.kind();
    }
}

StudySettings withImportance(ImportanceSpec::Source source)
{
    StudySettings settings;
    settings.importance.source = source;
    return settings;
}

} // namespace

class StudyTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void importanceIsComputedOnce();
    void measuresWhatTheEvaluatorMeasures();
    void refusesWhatMemoryCannotHold();
    void refusesWhatDoesNotFitBeforeReading();
    void theNumberOfCachesIsAView();
    void opensWithOneComparison();
    void predictsAQuarter();
    void sweepsOnAfterAFailure();
};

void StudyTest::importanceIsComputedOnce()
{
    const auto cache = countingCache({ .layers = 3 });
    const Study study(cache, withImportance(ImportanceSpec::Source::KeyNorm));
    QCOMPARE(cache->reads(), 0);
    study.prepareImportance();
    QCOMPARE(cache->reads(), 3);
    (void)study.evaluate(parseSpec("identity"));
    QCOMPARE(cache->reads(), 6);
    (void)study.evaluate(parseSpec("kivi"), { { 1 }, false });
    QCOMPARE(cache->reads(), 7);
    QTemporaryDir folder;
    (void)study.compress(parseSpec("identity"), folder.filePath("a.pikv").toStdString());
    QCOMPARE(cache->reads(), 10);
}

void StudyTest::measuresWhatTheEvaluatorMeasures()
{
    const auto cache = pikvtest::makeCache();
    StudySettings settings = withImportance(ImportanceSpec::Source::Recency);
    settings.seed = 7;
    const EvaluationResult ours = Study(cache, settings).evaluate(parseSpec("fastv"));
    EvaluationRequest request;
    request.cache = cache;
    request.method = parseSpec("fastv");
    request.importance = settings.importance;
    request.seed = 7;
    const EvaluationResult theirs = evaluate(request);
    QCOMPARE(ours.storedBytes, theirs.storedBytes);
    QCOMPARE(ours.quality.mse, theirs.quality.mse);
    QCOMPARE(ours.quality.attentionError, theirs.quality.attentionError);
    QCOMPARE(ours.seed, theirs.seed);
    QVERIFY(ours.importance == theirs.importance);
}

void StudyTest::refusesWhatMemoryCannotHold()
{
    const auto vast = std::make_shared<VastCache>();
    const Study study(vast);
    const MethodSpec identity = parseSpec("identity");
    QTemporaryDir folder;
    const std::string path = folder.filePath("x").toStdString();
    QVERIFY(refusal([&] { study.check(identity); }) == ErrorKind::Resource);
    QVERIFY(refusal([&] { (void)study.evaluate(identity); }) == ErrorKind::Resource);
    QVERIFY(refusal([&] { (void)study.evaluate(identity, { { 0 } }); }) == ErrorKind::Resource);
    QVERIFY(refusal([&] { (void)study.compress(identity, path); }) == ErrorKind::Resource);
    QVERIFY(refusal([&] { (void)study.proxy(identity); }) == ErrorKind::Resource);
    QVERIFY(refusal([&] { (void)calibrate(parseSpec("lora"), { vast }, {}, path); }) == ErrorKind::Resource);
    std::vector<ErrorKind> reasons;
    const auto left = fittingPoints(sweepPoints({ identity }, { {} }), vast, {},
        [&](const SweepPoint&, const Problem& problem) { reasons.push_back(problem.kind); });
    QVERIFY(left.empty());
    QVERIFY(reasons == std::vector { ErrorKind::Resource });
    QVERIFY(!vast->wasRead());
    QVERIFY(!QFile::exists(QString::fromStdString(path)));
}

void StudyTest::refusesWhatDoesNotFitBeforeReading()
{
    const auto cache = countingCache({ .keyDim = 40, .valueDim = 40 });
    const Study study(cache, withImportance(ImportanceSpec::Source::KeyNorm));
    const MethodSpec blocks = parseSpec("q8_0"); // of 32 elements
    QTemporaryDir folder;
    QVERIFY(!fitsCache(blocks, study.info()));
    QVERIFY(refusal([&] { (void)study.evaluate(blocks); }) == ErrorKind::Usage);
    QVERIFY(refusal([&] { (void)study.compress(blocks, folder.filePath("x").toStdString()); }) == ErrorKind::Usage);
    QVERIFY(refusal([&] { (void)study.proxy(blocks); }) == ErrorKind::Usage);
    QCOMPARE(cache->reads(), 0);
    std::vector<std::string> leftOut;
    const auto fitting = fittingMethods({ blocks, parseSpec("identity") }, study.info(),
        [&](const MethodSpec& method, const Problem&) { leftOut.push_back(method.id); });
    QCOMPARE(fitting.size(), std::size_t(1));
    QCOMPARE(leftOut, std::vector<std::string> { "q8_0" });
}

void StudyTest::theNumberOfCachesIsAView()
{
    QTemporaryDir folder;
    const auto cache = countingCache();
    const Study study(cache);
    EvaluationResult result = study.evaluate(parseSpec("identity"));
    result.sharedBytes = 1000;
    const SweepIdentity identity { study.settings(), { {} } };
    const MetricInfo& amortised = *findMetric("amortised_ratio");
    const std::string path = folder.path().toStdString();
    {
        SweepFolder kept(path, cache, identity, 1, false);
        kept.add(result);
        kept.flush();
        QCOMPARE(amortised.value(kept.results().front()), result.amortisedRatio(1));
    }
    const int reads = cache->reads();
    const SweepFolder again(path, cache, identity, 100, false);
    QVERIFY(again.has(result.method, {}));
    QCOMPARE(amortised.value(again.results().front()), result.amortisedRatio(100));
    QCOMPARE(again.results().front().compressSeconds, result.compressSeconds);
    QCOMPARE(cache->reads(), reads);
}

void StudyTest::opensWithOneComparison()
{
    std::vector<std::string> opening, checked;
    for (const MethodSpec& method : openingComparison())
        opening.push_back(method.id);
    for (const MethodInfo& method : Registry::instance().methods())
        if (method.checkedByDefault)
            checked.push_back(method.id);
    QVERIFY(opening.size() > 3);
    QCOMPARE(opening, checked); // what the window checks
    const auto& swept = findPreset("default").grid.specs;
    QCOMPARE(swept.size(), opening.size());
    for (std::size_t i = 0; i < swept.size(); ++i)
        QVERIFY(swept[i].starts_with(opening[i]));
    // The window sweeps the same points of a method, where they fit.
    const auto cache = pikvtest::makeCache({ .seq = 4096 });
    for (const MethodSpec& method : openingComparison())
        for (const MethodSpec& point : defaultSweep(Registry::instance().get(method.id), cache->info()))
            QVERIFY(fitsCache(point, cache->info()));
}

void StudyTest::predictsAQuarter()
{
    CacheInfo info = pikvtest::makeCache()->info();
    const auto positions = [&](std::size_t tokens) {
        info.tokenIds.assign(tokens, 1);
        return defaultPositions(info);
    };
    QCOMPARE(positions(3), std::int64_t(1));
    QCOMPARE(positions(400), std::int64_t(100));
    QCOMPARE(positions(100'000), std::int64_t(128));
}

void StudyTest::sweepsOnAfterAFailure()
{
    const auto cache = countingCache({ .keyDim = 40, .valueDim = 40 });
    std::vector<ImportanceSpec> importances(2);
    importances[1].source = ImportanceSpec::Source::Recency;
    const auto points = sweepPoints({ parseSpec("q8_0"), parseSpec("identity") }, importances);
    std::vector<std::string> done, failed;
    const auto nameOf = [](const MethodSpec& method, const ImportanceSpec& importance) {
        return pointText({ method, importance });
    };
    const SweepSinks sinks { [&](const EvaluationResult& r) { done.push_back(nameOf(r.method, r.importance)); },
        [&](const SweepPoint& p, const Problem&) { failed.push_back(nameOf(p.method, p.importance)); } };
    runSweep(points, cache, {}, { {}, false }, {}, sinks, {});
    QCOMPARE(done, (std::vector<std::string> { "identity", "identity at importance recency" }));
    QCOMPARE(failed, (std::vector<std::string> { "q8_0", "q8_0 at importance recency" }));
    std::stop_source stop;
    stop.request_stop();
    QVERIFY(refusal([&] {
        runSweep(points, cache, {}, { {}, false }, {}, sinks, JobControl(stop.get_token()));
    }) == ErrorKind::Cancelled);
    QCOMPARE(done.size(), std::size_t(2));
}

PIKV_TEST(StudyTest)
#include "study_test.moc"
