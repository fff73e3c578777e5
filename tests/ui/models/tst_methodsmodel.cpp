// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/registry.h"
#include "testmain.h"
#include "ui/models/methodsmodel.h"
#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>

using namespace pikv;
using namespace pikv::ui;

class MethodsModelTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void holdsTheRegistryByFamily();
    void startsWithTheDefaultMethods();
    void announcesWhatAUserChecks();
    void takesACheckedListBack();
    void explainsEveryMethod();
};

void MethodsModelTest::holdsTheRegistryByFamily()
{
    MethodsModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    QStringList families, ids;
    for (int group = 0; group < model.rowCount(); ++group) {
        const QModelIndex family = model.index(group, 0);
        families << family.data().toString();
        QVERIFY(model.rowCount(family) > 0);
        QVERIFY(!family.flags().testFlag(Qt::ItemIsSelectable));
        for (int row = 0; row < model.rowCount(family); ++row) {
            const QString id = model.index(row, 0, family).data(MethodsModel::MethodIdRole).toString();
            QCOMPARE(QString::fromStdString(Registry::instance().get(id.toStdString()).family), families.last());
            QCOMPARE(model.indexOf(id), model.index(row, 0, family));
            ids << id;
        }
    }
    QCOMPARE(ids.size(), qsizetype(Registry::instance().methods().size()));
    QStringList expected;
    for (const std::string& family : methodFamilies())
        expected << QString::fromStdString(family);
    expected.removeIf([&](const QString& family) { return !families.contains(family); });
    QCOMPARE(families, expected);
    QVERIFY(!model.indexOf("no_such_method").isValid());
}

void MethodsModelTest::startsWithTheDefaultMethods()
{
    const MethodsModel model;
    for (const MethodInfo& method : Registry::instance().methods())
        QCOMPARE(model.checkedMethods().contains(QString::fromStdString(method.id)), method.checkedByDefault);
}

void MethodsModelTest::announcesWhatAUserChecks()
{
    MethodsModel model;
    QSignalSpy changed(&model, &MethodsModel::checkedChanged);
    const QModelIndex index = model.indexOf("extra_1");
    QVERIFY(model.setData(index, Qt::Checked, Qt::CheckStateRole));
    QCOMPARE(changed.count(), 1);
    QCOMPARE(changed.first(), QVariantList({ "extra_1", true }));
    QVERIFY(model.checkedMethods().contains("extra_1"));
    model.updateIcons(); // changes the item, not its state
    QCOMPARE(changed.count(), 1);
    model.setData(index, Qt::Unchecked, Qt::CheckStateRole);
    QCOMPARE(changed.last(), QVariantList({ "extra_1", false }));
}

void MethodsModelTest::takesACheckedListBack()
{
    MethodsModel model;
    model.setCheckedMethods({ "kivi", "extra_3", "from_another_version" });
    QStringList checked = model.checkedMethods();
    checked.sort();
    QCOMPARE(checked, QStringList({ "extra_3", "kivi" }));
    MethodsModel again;
    again.setCheckedMethods(model.checkedMethods());
    QCOMPARE(again.checkedMethods(), model.checkedMethods());
}

void MethodsModelTest::explainsEveryMethod()
{
    const MethodsModel model;
    for (const MethodInfo& method : Registry::instance().methods()) {
        const QModelIndex index = model.indexOf(QString::fromStdString(method.id));
        const QString sentence = QString::fromStdString(method.sentence);
        QVERIFY2(!sentence.isEmpty(), method.id.c_str());
        QCOMPARE(index.data(MethodsModel::SentenceRole).toString(), sentence);
        QVERIFY(index.data(Qt::ToolTipRole).toString().contains(sentence.toHtmlEscaped()));
        QVERIFY(index.data(Qt::AccessibleTextRole).toString().contains(sentence));
        QVERIFY(!index.data(Qt::DecorationRole).value<QIcon>().isNull());
    }
}

PIKV_TEST(MethodsModelTest)
#include "tst_methodsmodel.moc"
