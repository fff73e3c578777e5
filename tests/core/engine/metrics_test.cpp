// SPDX-License-Identifier: GPL-3.0-or-later
// The one table of figures: whoever adds an entry and forgets a part of it finds a red test here.
#include "core/codec/methodspec.h"
#include "core/eval/metrics.h"
#include "core/eval/nexttoken.h"
#include "core/eval/resultsio.h"
#include "testcache.h"
#include "testmain.h"
#include <QFile>
#include <QLocale>
#include <QRegularExpression>
#include <QSet>
#include <QTemporaryDir>
#include <QTest>
#include <set>

using namespace pikv;

namespace {

QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }

/// A result in which every stored figure is a number of its own.
EvaluationResult distinctFigures()
{
    EvaluationResult result;
    result.method = parseSpec("identity");
    double next = 1;
    for (const MetricInfo& metric : metrics())
        metric.set(result, metric.countsBytes() ? 1000 * next++ : 1 / (3 + next++));
    LayerQuality layer;
    layer.storedBytes = 77;
    layer.heads.resize(2);
    for (QualityMetrics* quality : { &layer.quality, &layer.heads[0], &layer.heads[1] })
        for (const MetricInfo& metric : metrics())
            if (metric.quality)
                quality->*metric.quality = 1 / (3 + next++);
    result.layers.push_back(layer);
    return result;
}

void compareFigures(const EvaluationResult& found, const EvaluationResult& expected)
{
    for (const MetricInfo& metric : metrics())
        QVERIFY2(metric.value(found) == metric.value(expected), metric.name.data());
}

std::vector<NextTokenPosition> somePositions()
{
    std::vector<NextTokenPosition> positions(8);
    for (std::size_t i = 0; i < positions.size(); ++i) {
        NextTokenPosition& p = positions[i];
        p.position = std::int64_t(i);
        p.target = 5;
        p.topOriginal = i % 2 ? 5 : 6;
        p.topCompressed = i % 3 ? 5 : 6;
        p.loss = 1 + 0.1 * double(i);
        p.kl = 0.01 * double(i * i);
        p.targetOriginal = 0.3;
        p.targetCompressed = 0.3 - 0.01 * double(i);
    }
    return positions;
}

} // namespace

class TestMetrics : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyEntryIsWhole();
    void everyFieldHasAnEntry();
    void everyFigureRoundTripsThroughCsv();
    void everyFigureRoundTripsThroughJson();
    void figuresPerLayerAreWrittenAndRead();
    void everyFigureIsMeasured();
    void everyNextTokenFigureIsComputed();
    void tablesWithoutSharedColumnsAreRead();
    void damagedJsonIsRefused_data();
    void damagedJsonIsRefused();
    void readmeNamesFiguresThatExist();

private:
    QString write(const std::string& content)
    {
        const QString path = m_folder.filePath("results");
        writeFileAtomic(path.toStdString(), content);
        return path;
    }
    QTemporaryDir m_folder;
};

void TestMetrics::everyEntryIsWhole()
{
    std::set<std::string_view> names, labels;
    for (const MetricInfo& metric : metrics()) {
        QVERIFY2(QRegularExpression("^[a-z0-9_]+$").match(text(metric.name)).hasMatch(), metric.name.data());
        QVERIFY2(names.insert(metric.name).second, metric.name.data());
        QVERIFY2(labels.insert(metric.label).second && !metric.label.empty(), metric.name.data());
        QVERIFY2(!metric.help.empty() && !metric.help.ends_with("."), metric.name.data());
        const int places = int(!!metric.bytes) + int(!!metric.seconds) + int(!!metric.quality) + int(!!metric.nextToken)
            + int(!!metric.derived) + int(!!metric.part);
        QVERIFY2(places == 1, metric.name.data());
        QVERIFY2(!metric.position || metric.nextToken, metric.name.data());
        const bool scored = metric.group == MetricGroup::NextToken;
        QVERIFY2(scored == !!metric.nextToken, metric.name.data());
        QVERIFY2(!metric.withoutError || (scored && !metric.position), metric.name.data());
        QVERIFY2(scored == !metric.shortLabel.empty(), metric.name.data());
        QVERIFY2(!scored || metric.rank > 0, metric.name.data());
        QCOMPARE(findMetric(metric.name), &metric);
    }
}

void TestMetrics::everyFieldHasAnEntry()
{
    std::size_t quality = 0, nextToken = 0;
    for (const MetricInfo& metric : metrics()) {
        quality += metric.quality ? 1 : 0;
        nextToken += metric.nextToken ? 1 : 0;
    }
    QCOMPARE(quality, sizeof(QualityMetrics) / sizeof(double));
    QCOMPARE(nextToken, sizeof(NextTokenMetrics) / sizeof(double));
}

void TestMetrics::everyFigureRoundTripsThroughCsv()
{
    const EvaluationResult result = distinctFigures();
    QSet<double> values;
    for (const MetricInfo& metric : metrics()) {
        const double value = metric.value(result);
        QVERIFY2(!std::isnan(value), metric.name.data());
        if (!metric.derived)
            QVERIFY2(!values.contains(value), metric.name.data());
        values.insert(value);
    }
    const auto back = resultsFromCsv(write(resultsToCsv({ result })).toStdString());
    QCOMPARE(back.size(), std::size_t(1));
    compareFigures(back.front(), result);
}

void TestMetrics::everyFigureRoundTripsThroughJson()
{
    const EvaluationResult result = distinctFigures();
    const std::string path = write(resultsToJson({}, { result, result }, false)).toStdString();
    const auto back = resultsFromJson(path);
    QCOMPARE(back.size(), std::size_t(2));
    compareFigures(back.back(), result);
    QCOMPARE(resultsToCsv(readResults(path)), resultsToCsv({ result, result }));
}

void TestMetrics::figuresPerLayerAreWrittenAndRead()
{
    const EvaluationResult result = distinctFigures();
    const auto back = resultsFromJson(write(resultsToJson({}, { result }, true)).toStdString());
    QCOMPARE(back.front().layers.size(), std::size_t(1));
    QCOMPARE(back.front().layers[0].heads.size(), std::size_t(2));
    QCOMPARE(layersToCsv(back), layersToCsv({ result }));
    const QString csv = QString::fromStdString(layersToCsv({ result }));
    for (const MetricInfo& metric : metrics())
        if (metric.quality)
            for (const QualityMetrics& head : result.layers[0].heads)
                QVERIFY2(csv.contains(QString::number(head.*metric.quality, 'g', QLocale::FloatingPointShortest)),
                    metric.name.data());
}

void TestMetrics::everyFigureIsMeasured()
{
    EvaluationRequest request;
    request.cache = pikvtest::makeCache();
    request.method = parseSpec("kivi");
    const EvaluationResult result = evaluate(request);
    for (const MetricInfo& metric : metrics())
        QVERIFY2(metric.group == MetricGroup::NextToken || metric.onRequest || std::isfinite(metric.value(result)),
            metric.name.data());
    for (const MetricInfo& metric : metrics())
        if (metric.quality)
            QVERIFY2(std::isfinite(result.layers.at(0).heads.at(0).*metric.quality), metric.name.data());
    QVERIFY(!hasNextToken(result.nextToken));
}

void TestMetrics::everyNextTokenFigureIsComputed()
{
    const NextTokenSummary summary = summarise(somePositions());
    QVERIFY(hasNextToken(summary.mean));
    for (const MetricInfo* metric : nextTokenMetrics(true)) {
        QVERIFY2(metric->onRequest || std::isfinite(metric->score(summary)), metric->name.data());
        QCOMPARE(std::isfinite(metric->scoreError(summary)), !metric->withoutError);
    }
}

void TestMetrics::tablesWithoutSharedColumnsAreRead()
{
    const auto back
        = resultsFromCsv(write("compressor,params,original_bytes,stored_bytes\nidentity,,1000,500\n").toStdString());
    QCOMPARE(back.front().sharedBytes, std::uint64_t(0));
    QCOMPARE(back.front().compressionRatio(), 0.5);
    QVERIFY(std::isnan(back.front().compressSeconds));
}

void TestMetrics::damagedJsonIsRefused_data()
{
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<QString>("said");
    const QByteArray result
        = R"({"results": [{"compressor": "identity", "params": "", "original_bytes": 8, "stored_bytes": 9%1}]})";
    QTest::newRow("no results") << QByteArray("{}") << "no JSON object with an array";
    QTest::newRow("not JSON") << QByteArray("{\"results\": [") << "no JSON object with an array";
    QTest::newRow("a number") << QByteArray("{\"results\": [3]}") << "result 1: is not an object";
    QTest::newRow("no method") << QByteArray("{\"results\": [{}]}") << "result 1";
    QTest::newRow("layers") << QByteArray(result).replace("%1", R"(, "layers": [{"layer": "x"}])") << "layers";
    QTest::newRow("warnings") << QByteArray(result).replace("%1", R"(, "warnings": [1])") << "warnings";
    QTest::newRow("size") << QByteArray(result).replace("9%1", "-1") << "stored_bytes";
}

void TestMetrics::damagedJsonIsRefused()
{
    QFETCH(QByteArray, json);
    QFETCH(QString, said);
    try {
        resultsFromJson(write(json.toStdString()).toStdString());
        QFAIL("it was read");
    } catch (const Error& e) {
        QVERIFY(e.kind() == ErrorKind::Input);
        QVERIFY2(QString(e.what()).contains(said), e.what());
    }
}

void TestMetrics::readmeNamesFiguresThatExist()
{
    QFile readme(PIKV_SOURCE_DIR "/README.md");
    QVERIFY(readme.open(QIODevice::ReadOnly));
    const QString page = QString::fromUtf8(readme.readAll());
    const QString section = page.mid(page.indexOf("## What the figures mean")).section("\n## ", 0, 0);
    int found = 0;
    for (const QString& line : section.split('\n')) {
        if (!line.startsWith("| `"))
            continue;
        auto names = QRegularExpression("`([a-z_0-9]+)`").globalMatch(line);
        while (names.hasNext()) {
            const QString name = names.next().captured(1);
            QVERIFY2(findMetric(name.toStdString()), qPrintable(name));
            ++found;
        }
    }
    QVERIFY(found >= 8);
}

PIKV_TEST(TestMetrics)
#include "metrics_test.moc"
