// SPDX-License-Identifier: GPL-3.0-or-later
// Several dumps measured alike: each as alone, and means that are those of the single figures.
#include "core/dumps/dumps.h"
#include "core/eval/resultsio.h"
#include "core/study/dumpstables.h"
#include "engine/testcache.h"
#include "testmain.h"
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>
#include <nlohmann/json.hpp>

using namespace pikv;

class DumpsTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::vector<CachePtr> m_dumps;

    CachePtr dump(const char* name, std::int64_t seq, unsigned seed)
    {
        const std::string path = m_folder.filePath(name).toStdString();
        saveCache(*pikvtest::makeCache({ .layers = 2, .seq = seq, .seed = seed }), path);
        return openCache(path);
    }
    struct Run {
        std::vector<DumpResults> dumps;
        QStringList failed, stages;
    };
    Run run(const std::vector<MethodSpec>& methods, const JobControl& job = {})
    {
        const DumpsStudy study(m_dumps, {});
        Run out;
        out.dumps = study.noResults();
        study.run(sweepPoints(methods, { {} }), { {}, false },
            { [](std::size_t, const Study&, const JobControl&) { return DumpsStudy::Tools {}; },
                [&](std::size_t i, const EvaluationResult& result) { out.dumps[i].results.push_back(result); },
                [&](std::size_t i, const SweepPoint& point, const Problem&) {
                    out.failed << QString::fromStdString(out.dumps[i].name + ": " + pointText(point));
                } },
            JobControl(job.stopToken(),
                [&](const Progress& progress) { out.stages << QString::fromStdString(progress.stage); }));
        return out;
    }

private Q_SLOTS:
    void initTestCase() { m_dumps = { dump("a.safetensors", 40, 1), dump("b.safetensors", 24, 2) }; }

    void eachAsAlone()
    {
        const std::vector<MethodSpec> methods { parseSpec("q8_0"), parseSpec("kivi:group_size=8") };
        const Run many = run(methods);
        QVERIFY(many.failed.isEmpty());
        QVERIFY2(many.stages.contains("b.safetensors (2 of 2): Sweep point"), qPrintable(many.stages.join("\n")));
        for (std::size_t i = 0; i < 2; ++i) {
            QCOMPARE(many.dumps[i].results.size(), std::size_t(2));
            for (std::size_t m = 0; m < 2; ++m) {
                const EvaluationResult alone = Study(m_dumps[i]).evaluate(methods[m]);
                QCOMPARE(many.dumps[i].results[m].storedBytes, alone.storedBytes);
                QCOMPARE(many.dumps[i].results[m].quality.keyMse, alone.quality.keyMse);
            }
        }
    }

    void meansAreThoseOfTheFigures()
    {
        const auto dumps = run({ parseSpec("q8_0") }).dumps;
        const auto means = meansOverDumps(dumps, 5);
        QCOMPARE(means.size(), std::size_t(1));
        QCOMPARE(means[0].dumps, std::size_t(2));
        for (const char* name : { "stored_bytes", "compression_ratio", "attention_error" }) {
            const MetricInfo& metric = *findMetric(name);
            const double a = metric.value(dumps[0].results[0]), b = metric.value(dumps[1].results[0]);
            QVERIFY2(std::abs(means[0].of(metric).mean - (a + b) / 2) <= 1e-12 * std::max(a, b), name);
            QCOMPARE(means[0].of(metric).low, std::min(a, b)); // a quarter of the samples is one of two twice
            QCOMPARE(means[0].of(metric).high, std::max(a, b));
        }
        QCOMPARE(means[0].of(*findMetric("next_token_kl")).count, std::size_t(0));
    }

    void meansByLength()
    {
        using Lengths = std::vector<std::int64_t>;
        QVERIFY(pikv::meansByLength(Lengths { 512, 1024, 512, 1024, 1024 }));
        for (const Lengths& together : { Lengths {}, Lengths { 512, 512 }, Lengths { 512, 1024 },
                 Lengths { 512, 512, 1024 }, Lengths { 0, 0, 9, 9 } })
            QVERIFY(!pikv::meansByLength(together));
        const std::vector<CachePtr> two = m_dumps;
        m_dumps.push_back(dump("c.safetensors", 40, 3));
        m_dumps.push_back(dump("d.safetensors", 24, 4));
        const auto dumps = run({ parseSpec("q8_0"), parseSpec("kivi:group_size=8") }).dumps;
        m_dumps = two;
        const auto means = meansOverDumps(dumps, 0);
        QCOMPARE(means.size(), std::size_t(4)); // a method's at 40 tokens and at 24
        QVERIFY(tellsLengths(means));
        const MetricInfo& error = *findMetric("attention_error");
        for (const DumpsMean& mean : means) {
            QCOMPARE(mean.dumps, std::size_t(2));
            std::vector<double> of;
            for (const DumpResults& one : dumps)
                for (const EvaluationResult& result : one.results)
                    if (result.tokens == mean.setting.tokens && result.method == mean.setting.method)
                        of.push_back(error.value(result));
            QCOMPARE(of.size(), std::size_t(2));
            QVERIFY(std::abs(mean.of(error).mean - (of[0] + of[1]) / 2) <= 1e-12 * of[0]);
        }
        const auto together = meansOverDumps(dumps, 0, false);
        QCOMPARE(together.size(), std::size_t(2));
        QCOMPARE(together[0].dumps, std::size_t(4));
        QCOMPARE(together[0].setting.tokens, std::int64_t(0));
        QVERIFY(!tellsLengths(together));
        const QString csv = QString::fromStdString(dumpsToCsv(dumps, means));
        QVERIFY2(csv.contains(",40,2 dumps,mean\n") && csv.contains(",24,2 dumps,low\n"), qPrintable(csv));
        QVERIFY(QString::fromStdString(dumpsToCsv(dumps, together)).contains(",,4 dumps,mean\n"));
        const auto json = nlohmann::json::parse(dumpsToJson(dumps, means, 0));
        QCOMPARE(json["means"][0]["tokens"].get<int>(), 40);
    }

    void whatFitsOneDumpOnly()
    {
        // 24 tokens, some of them protected, have no 32 centroids.
        const Run many = run({ parseSpec("identity"), parseSpec("fastv:num_centroids=32") });
        const auto means = meansOverDumps(many.dumps, 0);
        QCOMPARE(many.failed, QStringList { "b.safetensors: fastv" });
        QCOMPARE(means[0].dumps, std::size_t(2));
        QCOMPARE(means.back().dumps, std::size_t(1));
        QVERIFY(std::isnan(means.back().of(*findMetric("mse")).low));
    }

    void tablesCarryBoth()
    {
        const auto dumps = run({ parseSpec("q8_0"), parseSpec("identity") }).dumps;
        const auto means = meansOverDumps(dumps, 0);
        const QString path = m_folder.filePath("results.csv");
        const QStringList lines = QString::fromStdString(dumpsToCsv(dumps, means)).trimmed().split('\n');
        QCOMPARE(lines.size(), 1 + 4 + 6);
        QVERIFY(lines[0].endsWith(",timings,tokens,dump,statistic"));
        const QRegularExpression quoted("\"[^\"]*\"");
        for (const QString& line : lines)
            QCOMPARE(QString(line).remove(quoted).count(','), lines[0].count(','));
        QVERIFY(lines[1].endsWith("a.safetensors,value") && lines[4].endsWith("b.safetensors,value"));
        QVERIFY(lines[5].startsWith("q8_0,") && lines[5].endsWith(",2 dumps,mean"));
        QVERIFY(lines[10].startsWith("identity,") && lines[10].endsWith(",2 dumps,high"));
        // Readers take what was measured, and no means for measurements.
        writeFileAtomic(path.toStdString(), dumpsToCsv(dumps, means));
        QCOMPARE(readResults(path.toStdString()).size(), std::size_t(4));
        writeFileAtomic(path.toStdString(), dumpsToJson(dumps, means, 0));
        QCOMPARE(readResults(path.toStdString()).size(), std::size_t(4));
        const auto json = nlohmann::json::parse(dumpsToJson(dumps, means, 9));
        QCOMPARE(json["results"][3]["dump"].get<std::string>(), cacheInfo(*m_dumps[1]).path);
        QCOMPARE(json["dumps"].size(), std::size_t(2));
        QCOMPARE(json["means"][0]["mse"]["mean"].get<double>(), means[0].of(*findMetric("mse")).mean);
        QVERIFY(!json["means"][0].contains("next_token_kl"));
        QCOMPARE(json["interval"]["seed"].get<int>(), 9);
    }

    void cancels()
    {
        std::stop_source stop;
        stop.request_stop();
        try {
            run({ parseSpec("q8_0") }, JobControl(stop.get_token()));
            QFAIL("it ran");
        } catch (const Error& e) {
            QVERIFY(e.kind() == ErrorKind::Cancelled);
        }
    }

    void names()
    {
        using Texts = std::vector<std::string>;
        QCOMPARE(shortNames({ "/x/a.npz", "/x/b.npz" }), (Texts { "a.npz", "b.npz" }));
        QCOMPARE(shortNames({ "en/a.npz", "de/a.npz", "de/b.npz" }), (Texts { "en/a.npz", "de/a.npz", "de/b.npz" }));
        QCOMPARE(shortNames({ "/x/folder/", "/y/other" }), (Texts { "folder", "other" }));
        QCOMPARE(shortNames({ "a.npz", "x/a.npz" }), (Texts { "a.npz", "x/a.npz" }));
    }

    void refusals()
    {
        QVERIFY_THROWS_EXCEPTION(Error, DumpsStudy({ m_dumps[0] }, {}));
        QVERIFY_THROWS_EXCEPTION(Error, DumpsStudy({ m_dumps[0], m_dumps[1], m_dumps[0] }, {}));
    }
};

PIKV_TEST(DumpsTest)
#include "dumps_test.moc"
