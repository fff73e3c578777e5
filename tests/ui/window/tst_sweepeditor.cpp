// SPDX-License-Identifier: GPL-3.0-or-later
// The editor of sweeps, by mouse and keyboard.
#include "nexttokenfixture.h"
#include "sweepfixture.h"
#include "testmain.h"
#include "ui/models/sweepgridmodel.h"
#include "ui/session/sweeps.h"
#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QDialog>
#include <QDockWidget>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTreeView>
#include <QUndoStack>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

class SweepEditorTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup() { m_data.reset(); }
    void beginsWithWhatRanBefore();
    void valuesAreTyped();
    void wrongValuesAreSaid();
    void importancesAreChosen();
    void commandsAreCopiedAndPasted();
    void theGridIsKeptAndUndone();
    void nextTokensAreScored();
    void everyControlHasANameAndAnId();

private:
    static QDialog* edit(Window& window)
    {
        QTest::keyClick(&window, Qt::Key_G, Qt::ControlModifier | Qt::ShiftModifier);
        return dialogOf(window, "sweepEditor");
    }
    static void tick(QCheckBox* box) { QTest::mouseClick(box, Qt::LeftButton, {}, QPoint(8, box->height() / 2)); }
    /// Types into the cell of a parameter, as a user does: select it, F2, text, Enter.
    static void type(QDialog* editor, const char* method, const char* param, const QString& text);
    /// Clicks a method's check box.
    static void tickMethod(QDialog* editor, const char* method);
    static QString command(QDialog* editor) { return in<QPlainTextEdit>(editor, "sweepCommand")->toPlainText(); }
    std::unique_ptr<OwnData> m_data;
};

void SweepEditorTest::init()
{
    forgetSettings();
    m_data = std::make_unique<OwnData>();
}

void SweepEditorTest::type(QDialog* editor, const char* method, const char* param, const QString& text)
{
    auto* tree = in<QTreeView>(editor, "sweepTree");
    auto* model = qobject_cast<SweepGridModel*>(tree->model());
    const QModelIndex row = model->indexOf(method);
    tree->expand(row);
    for (int i = 0; i < model->rowCount(row); ++i) {
        if (model->index(i, 0, row).data(SweepGridModel::NameRole).toString() != QLatin1String(param))
            continue;
        tree->setFocus();
        tree->setCurrentIndex(model->index(i, SweepGridModel::ValuesColumn, row));
        QTest::keyClick(tree, Qt::Key_F2);
        auto* field = tree->viewport()->findChild<QLineEdit*>();
        QVERIFY(field);
        QTest::keyClick(field, Qt::Key_A, Qt::ControlModifier);
        if (text.isEmpty())
            QTest::keyClick(field, Qt::Key_Delete);
        QTest::keyClicks(field, text);
        QTest::keyClick(field, Qt::Key_Return);
        QTRY_VERIFY(!tree->viewport()->findChild<QLineEdit*>()); // it has been taken over
        QVERIFY(editor->isVisible()); // Enter was the cell's
        return;
    }
    QFAIL("no such parameter");
}

void SweepEditorTest::tickMethod(QDialog* editor, const char* method)
{
    auto* tree = in<QTreeView>(editor, "sweepTree");
    const QModelIndex row = qobject_cast<SweepGridModel*>(tree->model())->indexOf(method);
    tree->scrollTo(row);
    const QRect cell = tree->visualRect(row);
    QTest::mouseClick(tree->viewport(), Qt::LeftButton, {}, QPoint(cell.left() + 10, cell.center().y()));
}

void SweepEditorTest::beginsWithWhatRanBefore()
{
    Window window({ "kivi", "lora" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    const QStringList before = shown(window);
    QDialog* editor = edit(window);
    QVERIFY(editor);
    const QString text = command(editor);
    QVERIFY2(text.startsWith("pikv sweep /") && text.contains(" --importance none "), qPrintable(text));
    for (const char* id : { "kivi", "lora" })
        QVERIFY2(text.contains(QLatin1String(id) + ':' + SweepChoice::defaultList(id)), qPrintable(text));
    QVERIFY(!text.contains("--model") && !text.contains("q8_0"));
    auto* state = in<QLabel>(editor, "sweepState");
    QTRY_VERIFY2(state->text().contains("measured already") && state->text().endsWith("nothing to measure"),
        qPrintable(state->text()));
    QTest::keyClick(editor, Qt::Key_Escape);
    QTRY_VERIFY(!window.findChild<QDialog*>("sweepEditor"));
    QCOMPARE(shown(window), before);
    QVERIFY(!window.session()->undoStack()->canUndo());
}

void SweepEditorTest::valuesAreTyped()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    QDialog* editor = edit(window);
    tickMethod(editor, "kivi"); // off
    tickMethod(editor, "lora"); // on
    type(editor, "lora", "rank", "2..8:3, 7");
    type(editor, "lora", "code_bits", "");
    QVERIFY2(command(editor).contains("--with 'lora:rank=[2..8:3,7]"), qPrintable(command(editor)));
    QVERIFY(!command(editor).contains("kivi"));
    auto* state = in<QLabel>(editor, "sweepState");
    QSignalSpy swept(window.engine(), &Engine::sweepFinished);
    QTRY_VERIFY2(state->text().contains("unknown"), qPrintable(state->text())); // nothing of lora was measured
    QTest::keyClick(editor, Qt::Key_S, Qt::AltModifier);
    QTRY_VERIFY(swept.count() > 0 && !window.engine()->isBusy());
    for (const char* spec : { "lora:rank=2", "lora:rank=5", "lora:rank=7" })
        QVERIFY2(shown(window).contains(spec), qPrintable(shown(window).join(' ')));
    QVERIFY(window.methods()->checkedMethods().contains("lora")); // what is swept is shown
    QVERIFY(window.find<QDockWidget>("queueDock")->isVisible());
}

void SweepEditorTest::wrongValuesAreSaid()
{
    Window window({ "kivi" });
    QVERIFY(window.open(Dumps::instance().small()));
    QDialog* editor = edit(window);
    auto* start = in<QPushButton>(editor, "sweepStart");
    auto* problem = in<QLabel>(editor, "sweepProblem");
    QTRY_VERIFY(start->isEnabled());
    type(editor, "kivi", "key_bits", "2, 99");
    QVERIFY(!start->isEnabled() && problem->isVisible());
    QVERIFY2(problem->text().contains("key_bits=99 is outside 1 to 8"), qPrintable(problem->text()));
    QVERIFY(command(editor).isEmpty());
    type(editor, "kivi", "key_bits", "2..8:3");
    QTRY_VERIFY(start->isEnabled() && !problem->isVisible());
    tick(in<QCheckBox>(editor, "sweepSource_none"));
    QVERIFY2(!start->isEnabled() && problem->text().contains("None is a choice"), qPrintable(problem->text()));
    auto* levels = in<QLineEdit>(editor, "sweepSource_uniform_text");
    levels->setFocus();
    QTest::keyClick(levels, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(levels, "0.5, 7");
    QVERIFY(in<QCheckBox>(editor, "sweepSource_uniform")->isChecked()); // who types there wants it
    QVERIFY2(!start->isEnabled() && problem->text().contains("7"), qPrintable(problem->text()));
    QVERIFY(!in<QCheckBox>(editor, "sweepNextToken")->isEnabled()); // a generated dump has no tokens
    QVERIFY(in<QCheckBox>(editor, "sweepNextToken")->toolTip().contains("no token ids"));
}

void SweepEditorTest::importancesAreChosen()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    QDialog* editor = edit(window);
    type(editor, "kivi", "key_bits", "7");
    type(editor, "kivi", "value_bits", "");
    tick(in<QCheckBox>(editor, "sweepSource_recency"));
    QVERIFY2(command(editor).contains("--importance none,recency"), qPrintable(command(editor)));
    QSignalSpy swept(window.engine(), &Engine::sweepFinished);
    click(in<QPushButton>(editor, "sweepStart"));
    QTRY_COMPARE(swept.count(), 1);
    QCOMPARE(swept[0][0].toInt(), 2);
    QVERIFY(shown(window).contains("kivi:key_bits=7"));
    QVERIFY(!shown(window).join(' ').contains("recency"));
    window.session()->setImportance(parseImportance("recency"));
    QTRY_VERIFY(shown(window).contains("kivi:key_bits=7 at importance recency"));
}

void SweepEditorTest::commandsAreCopiedAndPasted()
{
    Window window({ "kivi" });
    QVERIFY(window.open(Dumps::instance().small()));
    QDialog* editor = edit(window);
    QApplication::clipboard()->setText(
        "pikv sweep somewhere.safetensors --with 'lora:rank=[2..4]' --with q8_0 --importance recency,uniform:0.3 -o x");
    click(in<QPushButton>(editor, "sweepPaste"));
    const QString expected = "--with 'lora:rank=[2..4]' --with q8_0 --importance recency,uniform:0.3 -o results";
    QVERIFY2(command(editor).endsWith(expected), qPrintable(command(editor)));
    click(in<QPushButton>(editor, "sweepCopy"));
    QCOMPARE(QApplication::clipboard()->text(), command(editor));
    click(in<QPushButton>(editor, "sweepDefaults"));
    QVERIFY(!command(editor).contains("[2..4]"));
    click(in<QPushButton>(editor, "sweepPaste"));
    QVERIFY(command(editor).endsWith(expected));
    QApplication::clipboard()->setText("good morning");
    click(in<QPushButton>(editor, "sweepPaste"));
    QVERIFY(in<QLabel>(editor, "sweepProblem")->text().contains("no sweep"));
    QVERIFY(command(editor).endsWith(expected)); // stays
}

void SweepEditorTest::theGridIsKeptAndUndone()
{
    {
        Window window({ "kivi" });
        QVERIFY(window.openAndSweep(Dumps::instance().small()));
        QDialog* editor = edit(window);
        tickMethod(editor, "q8_0");
        type(editor, "kivi", "key_bits", "6, 7");
        tick(in<QCheckBox>(editor, "sweepSource_recency"));
        click(in<QPushButton>(editor, "sweepStart"));
        QVERIFY(window.methods()->checkedMethods().contains("q8_0"));
        QVERIFY(window.session()->sweeps()->choice().lists["kivi"].contains("key_bits=[6,7]"));
        window.trigger("actionUndo"); // one step for all of it
        QVERIFY(!window.methods()->checkedMethods().contains("q8_0"));
        QVERIFY(window.session()->sweeps()->choice() == SweepChoice());
        window.trigger("actionRedo");
        window.close();
    }
    Window window({}, true);
    QVERIFY(window.session()->sweeps()->choice().lists["kivi"].contains("key_bits=[6,7]"));
    QCOMPARE(printImportances(window.session()->sweeps()->choice().importances), std::string("none,recency"));
    QVERIFY(window.open(Dumps::instance().small()));
    QSignalSpy swept(window.engine(), &Engine::sweepFinished);
    QTRY_VERIFY(swept.count() > 0 && !window.engine()->isBusy());
    QVERIFY(!shown(window).contains("kivi:key_bits=7")); // by itself the default sweep runs
    window.trigger("actionSweep");
    QTRY_VERIFY(shown(window).contains("kivi:key_bits=7"));
}

void SweepEditorTest::nextTokensAreScored()
{
    NextTokenWindow window({ "kivi" });
    window.models()->open(tinyModel);
    QTRY_VERIFY_WITH_TIMEOUT(window.models()->model(), 60'000);
    QVERIFY(window.openAndSweep(capturedDump()));
    QDialog* editor = edit(window);
    auto* box = in<QCheckBox>(editor, "sweepNextToken");
    QVERIFY(box->isEnabled());
    tick(box);
    type(editor, "kivi", "key_bits", "2, 8");
    type(editor, "kivi", "value_bits", "");
    QVERIFY2(command(editor).contains("--model " + tinyModel), qPrintable(command(editor)));
    QSignalSpy swept(window.engine(), &Engine::sweepFinished);
    click(in<QPushButton>(editor, "sweepStart"));
    QTRY_COMPARE_WITH_TIMEOUT(swept.count(), 1, 60'000);
    QCOMPARE(swept[0], QVariantList({ 2, 2, 0 }));
    QMap<std::int64_t, double> kl;
    for (int row = 0; row < window.results()->resultCount(); ++row) {
        const ResultRow& shown = window.results()->row(row);
        const ResultPtr result = shown.swept ? shown.swept : shown.result;
        if (hasNextToken(result->nextToken))
            kl[result->method.params.integer("key_bits")] = result->nextToken.kl;
    }
    QVERIFY(kl.contains(2) && kl.contains(8));
    // As core says it.
    const Study study(openCache(capturedDump().toStdString()));
    const auto session = study.openNextToken(openModel(tinyModel.toStdString()));
    for (const auto bits : { 2, 8 })
        QCOMPARE(kl[bits],
            study.evaluate(parseSpec("kivi:key_bits=" + std::to_string(bits)), { {}, false, session.get() })
                .nextToken.kl);
}

void SweepEditorTest::everyControlHasANameAndAnId()
{
    Window window({ "kivi" });
    QVERIFY(window.open(Dumps::instance().small()));
    window.find<QDockWidget>("queueDock")->raise();
    window.trigger("actionPresets");
    const QList<QWidget*> places { edit(window), dialogOf(window, "presetsDialog"),
        window.find<QWidget>("queuePanel") };
    for (QWidget* place : places) {
        QSet<QString> letters;
        for (QWidget* widget : place->findChildren<QWidget*>()) {
            if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisibleTo(place)
                || widget->objectName().startsWith("qt_"))
                continue;
            const QString what = widget->metaObject()->className() + QString(" '%1'").arg(widget->objectName());
            const auto* button = qobject_cast<QAbstractButton*>(widget);
            QVERIFY2(!widget->accessibleName().isEmpty() || (button && !button->text().isEmpty()), qPrintable(what));
            const auto keys = button ? QKeySequence::mnemonic(button->text()).toString() : QString();
            QVERIFY2(keys.isEmpty() || !letters.contains(keys), qPrintable(what));
            letters << keys;
        }
    }
}

PIKV_TEST(SweepEditorTest)
#include "tst_sweepeditor.moc"
