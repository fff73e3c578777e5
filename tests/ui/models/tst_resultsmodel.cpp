// SPDX-License-Identifier: GPL-3.0-or-later
#include "modelfixture.h"
#include "testmain.h"
#include <QAbstractItemModelTester>
#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTest>

using namespace pikv;
using namespace pikv::ui;
using modelfixture::makeResult;

class ResultsModelTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void staysConsistent();
    void fullResultTakesThePlaceOfItsPreview();
    void currentPointFollowsItsParameters();
    void sweepPointsAreTheirOwnRows();
    void staleMarksTheCurrentPointAlone();
    void removesOneMethod();
    void everyConfigurationHasOneRow();
    void takenRowsComeBack();
    void thousandsComeAndGoAtOnce();
    void rowsAreFoundWhateverHappened();
    void cellsHaveRawValuesAndUnits();
    void everyColumnIsTitledAndExplained();
    void cellsSayHowTheyWereMade();
};

void ResultsModelTest::staysConsistent()
{
    ResultsModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    for (int bytes = 1; bytes < 20; ++bytes) {
        model.put(makeResult("lora:rank=" + std::to_string(bytes), std::uint64_t(bytes)), false);
        model.put(makeResult("kivi", std::uint64_t(bytes)), true);
    }
    QCOMPARE(model.resultCount(), 20);
    model.setStale("kivi", true);
    model.removeRowsAt({ 0, 19, 7 });
    QCOMPARE(model.rowCount(), 17);
    model.removeMethod("lora");
    model.clear();
    model.clear(); // nothing left to announce
    QCOMPARE(model.rowCount(), 0);
}

void ResultsModelTest::fullResultTakesThePlaceOfItsPreview()
{
    ResultsModel model;
    auto preview = makeResult("kivi", 900);
    preview->preview = true;
    const int row = model.put(preview, true);
    QVERIFY(model.index(row, 0).data(ResultsModel::PreviewRole).toBool());
    QSignalSpy inserted(&model, &QAbstractItemModel::rowsInserted), changed(&model, &QAbstractItemModel::dataChanged);
    QCOMPARE(model.put(makeResult("kivi", 1000), true), row);
    QCOMPARE(inserted.count(), 0);
    QCOMPARE(changed.count(), 1);
    QVERIFY(!model.index(row, 0).data(ResultsModel::PreviewRole).toBool());
    QCOMPARE(model.row(row).result->storedBytes, 1000u);
}

void ResultsModelTest::currentPointFollowsItsParameters()
{
    ResultsModel model;
    const int row = model.put(makeResult("lora:rank=8", 800), true);
    QCOMPARE(model.put(makeResult("lora:rank=16", 1600), true), row);
    QCOMPARE(model.resultCount(), 1);
    QCOMPARE(model.index(row, ResultsModel::ParamsColumn).data().toString(), QString("rank=16"));
}

void ResultsModelTest::sweepPointsAreTheirOwnRows()
{
    ResultsModel model;
    model.put(makeResult("lora:rank=16", 800), true);
    model.put(makeResult("lora:rank=16", 800), false); // same setting: the sweep keeps it when the current one moves on
    model.put(makeResult("lora:rank=32", 1600), false);
    auto important = makeResult("lora:rank=32", 1700);
    important->importance.source = ImportanceSpec::Source::Recency;
    model.put(important, false);
    QCOMPARE(model.resultCount(), 3);
    model.put(makeResult("lora:rank=32", 1601), false); // measured again
    QCOMPARE(model.resultCount(), 3);
    QCOMPARE(model.row(1).result->storedBytes, 1601u);
    model.put(makeResult("lora:rank=17", 850), true);
    QCOMPARE(model.resultCount(), 4);
}

void ResultsModelTest::staleMarksTheCurrentPointAlone()
{
    ResultsModel model;
    const int current = model.put(makeResult("lora:rank=8", 800), true);
    const int swept = model.put(makeResult("lora:rank=32", 1600), false);
    const int other = model.put(makeResult("kivi", 900), true);
    model.setStale("lora", true);
    QVERIFY(model.index(current, 0).data(ResultsModel::StaleRole).toBool());
    QVERIFY(!model.index(swept, 0).data(ResultsModel::StaleRole).toBool());
    QVERIFY(!model.index(other, 0).data(ResultsModel::StaleRole).toBool());
    QCOMPARE(model.row(current).result->storedBytes, 800u); // the old figures stay until the new ones are there
    model.put(makeResult("lora:rank=9", 900), true);
    QVERIFY(!model.index(current, 0).data(ResultsModel::StaleRole).toBool());
}

void ResultsModelTest::removesOneMethod()
{
    ResultsModel model;
    for (const char* spec : { "lora:rank=4", "kivi", "lora:rank=8", "q8_0", "lora:rank=16" })
        model.put(makeResult(spec, 100), false);
    model.removeMethod("lora");
    QCOMPARE(model.resultCount(), 2);
    QCOMPARE(model.index(0, 0).data(ResultsModel::MethodIdRole).toString(), QString("kivi"));
    QCOMPARE(model.index(1, 0).data(ResultsModel::MethodIdRole).toString(), QString("q8_0"));
}

void ResultsModelTest::everyConfigurationHasOneRow()
{
    ResultsModel model;
    model.put(makeResult("lora:rank=8", 100), false);
    model.put(makeResult("lora:rank=16", 200), false);
    model.put(makeResult("lora:rank=4", 50), true);
    QCOMPARE(model.resultCount(), 3);
    model.put(makeResult("lora:rank=8", 100), true); // the form comes to a point of the sweep
    QCOMPARE(model.resultCount(), 2);
    QCOMPARE(model.row(model.currentRow("lora")).result->method, parseSpec("lora:rank=8"));
    model.put(makeResult("lora:rank=8", 101), false); // swept once more
    QCOMPARE(model.resultCount(), 2);
    model.put(makeResult("lora:rank=9", 110), true); // and leaves it
    QCOMPARE(model.resultCount(), 3);
    QCOMPARE(model.rowsOf("lora").size(), 3);
    QCOMPARE(model.rowsOf("lora").last().result->storedBytes, std::uint64_t(101));
    auto preview = makeResult("lora:rank=16", 190);
    preview->preview = true;
    model.put(preview, true); // a preview of what is known in full
    QVERIFY(!model.row(model.currentRow("lora")).result->preview);
    QCOMPARE(model.resultCount(), 2);
    model.removeSweep();
    QCOMPARE(model.resultCount(), 1);
}

void ResultsModelTest::takenRowsComeBack()
{
    ResultsModel model;
    model.put(makeResult("lora:rank=8", 100), false);
    model.put(makeResult("lora:rank=4", 50), true);
    model.put(makeResult("kivi", 70), true);
    const QList<ResultRow> taken = model.rowsOf("lora");
    model.removeMethod("lora");
    model.put(makeResult("lora:rank=8", 99), false); // computed again meanwhile
    model.restore(taken);
    QCOMPARE(model.rowsOf("lora").size(), 2);
    QVERIFY(model.currentRow("lora") >= 0);
    QCOMPARE(model.rowsOf("lora").first().result->storedBytes, std::uint64_t(99));
}

/// Views and charts do their work once, not once a row.
void ResultsModelTest::thousandsComeAndGoAtOnce()
{
    ResultsModel model;
    QList<ResultPtr> swept;
    for (int sinks = 0; sinks < 1000; ++sinks)
        swept << makeResult("kivi:sinks=" + std::to_string(sinks), 100);
    model.put(makeResult("kivi:sinks=7,key_bits=8", 50), true);
    model.addSwept(swept);
    const QList<ResultRow> taken = model.rowsOf("kivi");
    QCOMPARE(taken.size(), 1001);
    QSignalSpy removed(&model, &QAbstractItemModel::rowsRemoved), inserted(&model, &QAbstractItemModel::rowsInserted);
    model.removeMethod("kivi");
    QCOMPARE(removed.count(), 1);
    model.restore(taken);
    QCOMPARE(inserted.count(), 1);
    QCOMPARE(model.resultCount(), 1001);
    QVERIFY(model.row(model.currentRow("kivi")).result->method == parseSpec("kivi:sinks=7,key_bits=8"));
    model.restore(taken);
    model.addSwept(swept);
    QCOMPARE(model.resultCount(), 1001);
    QCOMPARE(inserted.count(), 1);
}

/// Against a look at every row.
void ResultsModelTest::rowsAreFoundWhateverHappened()
{
    ResultsModel model;
    QRandomGenerator random(3);
    for (int step = 0; step < 600; ++step) {
        auto result = makeResult("lora:rank=" + std::to_string(1 + random.bounded(40)), std::uint64_t(step + 1));
        if (random.bounded(3) == 0)
            result->importance = parseImportance("uniform:0." + std::to_string(1 + random.bounded(3)));
        if (random.bounded(4) == 0 && model.resultCount() > 3) {
            const int first = random.bounded(model.resultCount() - 2);
            model.removeRowsAt({ first, first + 2 });
        }
        const int before = model.resultCount();
        int there = -1;
        for (int row = 0; row < before; ++row)
            if (sameSettings(*model.row(row).result, *result))
                there = row;
        const bool live = random.bounded(5) == 0;
        const int row = model.put(result, live);
        QVERIFY(sameSettings(*model.row(row).result, *result));
        if (!live)
            QCOMPARE(row, there < 0 ? before : there);
        for (int one = 0; one < model.resultCount(); ++one)
            for (int other = 0; other < one; ++other)
                QVERIFY(!sameSettings(*model.row(one).result, *model.row(other).result));
    }
}

void ResultsModelTest::cellsHaveRawValuesAndUnits()
{
    ResultsModel model;
    const int row = model.put(makeResult("kivi", 2500, 0.0123), true);
    const auto cell
        = [&](const char* metric, int role) { return model.index(row, model.metricColumn(metric)).data(role); };
    QCOMPARE(cell("stored_bytes", ResultsModel::RawRole).toDouble(), 2500.0);
    QCOMPARE(cell("compression_factor", ResultsModel::RawRole).toDouble(), 4.0);
    QCOMPARE(cell("bits_per_element", ResultsModel::RawRole).toDouble(), 4.0);
    QVERIFY(cell("bits_per_element", Qt::DisplayRole).toString().contains("bits"));
    QCOMPARE(cell("attention_error", Qt::DisplayRole).toString(), QString("0.0123"));
    QVERIFY(std::isnan(cell("next_token_kl", ResultsModel::RawRole).toDouble()));
    QVERIFY(!cell("next_token_kl", Qt::DisplayRole).toString().contains("nan"));
    QCOMPARE(model.metricColumn("no_such_metric"), -1);
}

void ResultsModelTest::everyColumnIsTitledAndExplained()
{
    const ResultsModel model;
    QSet<QString> titles;
    for (int column = 0; column < model.columnCount(); ++column) {
        const QString title = model.headerData(column, Qt::Horizontal, Qt::DisplayRole).toString();
        QVERIFY(!title.isEmpty());
        titles.insert(title);
        if (column >= ResultsModel::FirstMetricColumn)
            QVERIFY2(
                !model.headerData(column, Qt::Horizontal, Qt::ToolTipRole).toString().isEmpty(), qPrintable(title));
    }
    QCOMPARE(titles.size(), model.columnCount());
}

void ResultsModelTest::cellsSayHowTheyWereMade()
{
    ResultsModel model;
    const int row = model.put(makeResult("lora:rank=12", 100, 0.5), true);
    const QModelIndex method = model.index(row, ResultsModel::MethodColumn);
    QVERIFY(!method.data(Qt::DecorationRole).value<QIcon>().isNull());
    for (const ParamSpec& param : Registry::instance().get("lora").params) { // every parameter, given or not
        if (param.type == ParamType::File)
            continue; // no file: nothing to tell
        QVERIFY2(
            method.data(Qt::ToolTipRole).toString().contains(QString::fromStdString(param.label)), param.name.c_str());
    }
    const int defaults = model.put(makeResult("kivi", 100), true);
    QVERIFY(!model.index(defaults, ResultsModel::ParamsColumn).data().toString().isEmpty());
}

PIKV_TEST(ResultsModelTest)
#include "tst_resultsmodel.moc"
