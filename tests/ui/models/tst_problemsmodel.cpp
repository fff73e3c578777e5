// SPDX-License-Identifier: GPL-3.0-or-later
#include "testmain.h"
#include "ui/models/problemsmodel.h"
#include <QAbstractItemModelTester>
#include <QTest>

using namespace pikv;
using namespace pikv::ui;

class ProblemsModelTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void newestComesFirst();
    void repetitionIsOneLine();
    void longListsAreCut();
    void saysWhatToDo_data();
    void saysWhatToDo();
};

void ProblemsModelTest::newestComesFirst()
{
    ProblemsModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    model.add({ ErrorKind::Input, "first" });
    model.addWarning("second");
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(model.errorCount(), 1);
    QCOMPARE(model.index(0, ProblemsModel::MessageColumn).data().toString(), QString("second"));
    QCOMPARE(model.index(1, ProblemsModel::MessageColumn).data().toString(), QString("first"));
    QVERIFY(model.index(0, 1).data(Qt::ForegroundRole) != model.index(1, 1).data(Qt::ForegroundRole));
    model.clear();
    QCOMPARE(model.rowCount(), 0);
    QCOMPARE(model.errorCount(), 0);
}

void ProblemsModelTest::repetitionIsOneLine()
{
    ProblemsModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    for (int i = 0; i < 50; ++i) // a drag beyond a limit repeats the same refusal
        model.add({ ErrorKind::Usage, "lora: rank must be at most 64, got 65" });
    QCOMPARE(model.rowCount(), 1);
    model.add({ ErrorKind::Usage, "another" });
    model.add({ ErrorKind::Usage, "lora: rank must be at most 64, got 65" }); // moves to the top
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(model.entry(0).message, QString("lora: rank must be at most 64, got 65"));
    QCOMPARE(model.entry(1).message, QString("another"));
}

void ProblemsModelTest::longListsAreCut()
{
    ProblemsModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    for (int i = 0; i < 600; ++i)
        model.addWarning(QString::number(i));
    QCOMPARE(model.rowCount(), 500);
    QCOMPARE(model.entry(0).message, QString("599"));
}

void ProblemsModelTest::saysWhatToDo_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<QString>("advice");
    QTest::newRow("usage") << int(ErrorKind::Usage) << "parameter";
    QTest::newRow("input") << int(ErrorKind::Input) << "dump";
    QTest::newRow("resource") << int(ErrorKind::Resource) << "disk";
    QTest::newRow("internal") << int(ErrorKind::Internal) << "report";
}

void ProblemsModelTest::saysWhatToDo()
{
    QFETCH(int, kind);
    QFETCH(QString, advice);
    ProblemsModel model;
    model.add({ ErrorKind(kind), "went wrong" });
    QVERIFY(model.index(0, ProblemsModel::AdviceColumn).data().toString().contains(advice));
}

PIKV_TEST(ProblemsModelTest)
#include "tst_problemsmodel.moc"
