// SPDX-License-Identifier: GPL-3.0-or-later
#include "modelfixture.h"
#include "testmain.h"
#include "ui/models/resultsfiltermodel.h"
#include <QAbstractItemModelTester>
#include <QTest>

using namespace pikv;
using namespace pikv::ui;
using modelfixture::makeResult;

class ResultsFilterTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void sortsByValueNotByText();
    void missingValuesComeLast_data();
    void missingValuesComeLast();
    void filtersByEveryWord_data();
    void filtersByEveryWord();
    void followsAPointThatMoves();

private:
    QStringList shown() const;

    std::unique_ptr<ResultsModel> m_model;
    std::unique_ptr<ResultsFilterModel> m_filter;
    std::unique_ptr<QAbstractItemModelTester> m_tester;
};

void ResultsFilterTest::init()
{
    m_tester.reset();
    m_filter = std::make_unique<ResultsFilterModel>();
    m_model = std::make_unique<ResultsModel>();
    m_filter->setSourceModel(m_model.get());
    m_tester = std::make_unique<QAbstractItemModelTester>(
        m_filter.get(), QAbstractItemModelTester::FailureReportingMode::Fatal);
    m_model->put(makeResult("lora:rank=12", 1000, 0.2), false);
    m_model->put(makeResult("kivi", 900), false); // attention error not measured
    m_model->put(makeResult("lora:rank=16", 2000, 0.1), false);
    m_model->put(makeResult("q8_0", 5000, 1e-3), false);
}

QStringList ResultsFilterTest::shown() const
{
    QStringList ids;
    for (int row = 0; row < m_filter->rowCount(); ++row) {
        const QModelIndex source = m_filter->mapToSource(m_filter->index(row, 0));
        ids << QString::fromStdString(printSpec(m_model->row(source.row()).result->method));
    }
    return ids;
}

void ResultsFilterTest::sortsByValueNotByText()
{
    m_filter->sort(m_model->metricColumn("stored_bytes"), Qt::AscendingOrder); // "900" is behind "1000" as a text
    QCOMPARE(shown(), QStringList({ "kivi", "lora:rank=12", "lora:rank=16", "q8_0" }));
    m_filter->sort(m_model->metricColumn("stored_bytes"), Qt::DescendingOrder);
    QCOMPARE(shown(), QStringList({ "q8_0", "lora:rank=16", "lora:rank=12", "kivi" }));
}

void ResultsFilterTest::missingValuesComeLast_data()
{
    QTest::addColumn<Qt::SortOrder>("order");
    QTest::addColumn<QString>("first");
    QTest::newRow("ascending") << Qt::AscendingOrder << "q8_0";
    QTest::newRow("descending") << Qt::DescendingOrder << "lora:rank=12";
}

void ResultsFilterTest::missingValuesComeLast()
{
    QFETCH(Qt::SortOrder, order);
    QFETCH(QString, first);
    m_filter->sort(m_model->metricColumn("attention_error"), order);
    QCOMPARE(shown().first(), first);
    QCOMPARE(shown().last(), QString("kivi"));
}

void ResultsFilterTest::filtersByEveryWord_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<int>("count");
    QTest::newRow("nothing") << "" << 4;
    QTest::newRow("method") << "lora" << 2;
    QTest::newRow("case") << "LORA" << 2;
    QTest::newRow("parameter") << "rank=16" << 1;
    QTest::newRow("both") << "  16 lora " << 1;
    QTest::newRow("a default") << "kivi key_bits=2" << 1;
    QTest::newRow("bound") << "attention<0.15" << 2; // and not the one where it was not measured
    QTest::newRow("bound with a decimal comma") << "attention_error>0,15" << 1;
    QTest::newRow("bound of a part of a name") << "lora error<=0.15" << 1;
    QTest::newRow("no such metric") << "loudness<3" << 0;
    QTest::newRow("a word too many") << "lora 16 q8" << 0;
    QTest::newRow("not a pattern") << "lor.*" << 0;
}

void ResultsFilterTest::filtersByEveryWord()
{
    QFETCH(QString, text);
    QFETCH(int, count);
    m_filter->setFilterText(text);
    QCOMPARE(m_filter->rowCount(), count);
    m_filter->setFilterText({});
    QCOMPARE(m_filter->rowCount(), 4);
}

void ResultsFilterTest::followsAPointThatMoves()
{
    m_model->put(makeResult("lora:rank=16", 1500, 0.3), true);
    m_filter->sort(m_model->metricColumn("stored_bytes"), Qt::AscendingOrder);
    m_filter->setFilterText("rank=16");
    QCOMPARE(m_filter->rowCount(), 1); // one row a configuration
    m_model->put(makeResult("lora:rank=17", 3000, 0.3), true);
    QCOMPARE(shown(), QStringList({ "lora:rank=16" }));
    m_filter->setFilterText({});
    QCOMPARE(shown(), QStringList({ "kivi", "lora:rank=12", "lora:rank=16", "lora:rank=17", "q8_0" }));
}

PIKV_TEST(ResultsFilterTest)
#include "tst_resultsfilter.moc"
