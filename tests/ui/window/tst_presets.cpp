// SPDX-License-Identifier: GPL-3.0-or-later
// Presets, by mouse and keyboard.
#include "core/study/presets.h"
#include "sweepfixture.h"
#include "testmain.h"
#include "ui/models/problemsmodel.h"
#include "ui/session/sweeps.h"
#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QUndoStack>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

class PresetsWindowTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup() { m_data.reset(); }
    void presetsAreSavedUsedAndDeleted();
    void presetsGoAsText();

private:
    std::unique_ptr<OwnData> m_data;
};

void PresetsWindowTest::init()
{
    forgetSettings();
    m_data = std::make_unique<OwnData>();
}

void PresetsWindowTest::presetsAreSavedUsedAndDeleted()
{
    Window window({ "kivi", "lora" });
    QVERIFY(window.open(Dumps::instance().small()));
    window.specs()->setSpec(parseSpec("lora:rank=7"));
    SweepChoice choice;
    choice.setSpec("lora:rank=[5,6]");
    choice.importances = parseImportances("recency");
    window.session()->sweeps()->setChoice(choice);
    QTest::keyClick(&window, Qt::Key_P, Qt::ControlModifier | Qt::AltModifier);
    QDialog* presets = dialogOf(window, "presetsDialog");
    QVERIFY(presets);
    auto* list = in<QListWidget>(presets, "presetList");
    QCOMPARE(list->count(), int(builtInPresets().size()));
    QVERIFY(!in<QPushButton>(presets, "presetDelete")->isEnabled()); // a built-in one
    auto* name = in<QLineEdit>(presets, "presetName");
    QVERIFY(!in<QPushButton>(presets, "presetSave")->isEnabled());
    QTest::keyClicks(name, "evening");
    QTest::keyClick(name, Qt::Key_Return);
    QVERIFY(presets->isVisible());
    QCOMPARE(list->currentItem()->text(), QString("evening"));
    QVERIFY(in<QLabel>(presets, "presetAbout")->text().contains("lora:rank=[5,6]"));
    QCOMPARE(findPreset("evening").grid.specs.size(), std::size_t(2)); // for the command line, too
    // Something else, and back.
    window.specs()->setSpec(parseSpec("lora"));
    window.session()->sweeps()->setChoice({});
    window.methods()->setCheckedMethods({ "q8_0" });
    list->setFocus();
    QTest::keyClick(list, Qt::Key_Return);
    QCOMPARE(window.specText("lora"), QString("lora:rank=7"));
    QVERIFY(window.session()->sweeps()->choice() == choice);
    QStringList checked = window.methods()->checkedMethods();
    checked.sort();
    QCOMPARE(checked, QStringList({ "kivi", "lora" }));
    window.trigger("actionUndo");
    QCOMPARE(window.methods()->checkedMethods(), QStringList("q8_0"));
    QCOMPARE(window.specText("lora"), QString("lora"));
    // Another name, in the list.
    QTest::keyClick(list, Qt::Key_F2);
    auto* field = list->viewport()->findChild<QLineEdit*>();
    QVERIFY(field);
    QTest::keyClick(field, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(field, "seed");
    QTest::keyClick(field, Qt::Key_Return);
    QTRY_VERIFY(in<QLabel>(presets, "presetState")->text().contains("comes with the program"));
    QCOMPARE(list->currentItem()->text(), QString("evening"));
    QTRY_VERIFY(!list->viewport()->findChild<QLineEdit*>());
    click(in<QPushButton>(presets, "presetRename"));
    field = list->viewport()->findChild<QLineEdit*>();
    QVERIFY(field);
    QTest::keyClick(field, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(field, "morning");
    QTest::keyClick(field, Qt::Key_Return);
    QTRY_COMPARE(list->currentItem()->text(), QString("morning"));
    QCOMPARE(findPreset("morning").settings.size(), std::size_t(2));
    list->setFocus();
    QTest::keyClick(list, Qt::Key_Delete);
    QCOMPARE(list->count(), int(builtInPresets().size()));
    // A built-in one.
    list->setCurrentRow(1);
    click(in<QPushButton>(presets, "presetUse"));
    QCOMPARE(window.methods()->checkedMethods().size(), 6);
    QCOMPARE(window.session()->sweeps()->choice().importances.size(), std::size_t(3));
}

void PresetsWindowTest::presetsGoAsText()
{
    Window window({ "kivi" });
    QVERIFY(window.open(Dumps::instance().small()));
    window.specs()->setSpec(parseSpec("kivi:key_bits=3"));
    window.trigger("actionPresets");
    QDialog* presets = dialogOf(window, "presetsDialog");
    auto* list = in<QListWidget>(presets, "presetList");
    QTest::keyClicks(in<QLineEdit>(presets, "presetName"), "mine");
    click(in<QPushButton>(presets, "presetSave"));
    click(in<QPushButton>(presets, "presetCopy"));
    const QString text = QApplication::clipboard()->text();
    QVERIFY2(text.startsWith("# Preset: mine\nkivi:key_bits=3\npikv sweep DUMP --with 'kivi:"), qPrintable(text));
    click(in<QPushButton>(presets, "presetPaste"));
    QVERIFY(in<QLabel>(presets, "presetState")->text().contains("'mine' already"));
    click(in<QPushButton>(presets, "presetDelete"));
    QApplication::clipboard()->setText(text);
    click(in<QPushButton>(presets, "presetPaste"));
    QCOMPARE(list->currentItem()->text(), QString("mine"));
    presets->close();
    // Settings as text take it, too, without keeping it.
    window.specs()->setSpec(parseSpec("kivi"));
    QApplication::clipboard()->setText("kivi:key_bits=6\nlora:rank=9\n");
    QTest::keyClick(&window, Qt::Key_V, Qt::ControlModifier | Qt::ShiftModifier);
    QCOMPARE(window.specText("kivi"), QString("kivi:key_bits=6"));
    QCOMPARE(window.specText("lora"), QString("lora:rank=9"));
    QApplication::clipboard()->setText("kivi:key_bits=6\nnothing of it\n");
    QTest::keyClick(&window, Qt::Key_V, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(window.session()->problems()->entry(0).message.contains("nothing of it"));
}

PIKV_TEST(PresetsWindowTest)
#include "tst_presets.moc"
