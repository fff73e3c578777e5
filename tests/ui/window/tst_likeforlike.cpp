// SPDX-License-Identifier: GPL-3.0-or-later
// The same tokens at 16 bits for every method, by the menu's command.
#include "sweepfixture.h"
#include "testmain.h"
#include "ui/session/sweeps.h"
#include <QRadioButton>
#include <QSpinBox>
#include <QUndoStack>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

class LikeForLikeTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { forgetSettings(); }
    void formsAndSweepsKeepTheSameTokens()
    {
        Window window;
        QVERIFY(window.open(Dumps::instance().small()));
        const QStringList checked = window.session()->methods()->checkedMethods();
        QDialog* dialog = open(window);
        QVERIFY(in<QRadioButton>(dialog, "protectOwn")->isChecked());
        QVERIFY(!in<QSpinBox>(dialog, "protectSinks")->isEnabled());
        in<QRadioButton>(dialog, "protectSame")->click();
        in<QSpinBox>(dialog, "protectSinks")->setValue(2);
        in<QSpinBox>(dialog, "protectRecent")->setValue(30);
        QTest::keyClick(dialog, Qt::Key_Return);
        QCOMPARE(window.specText("kivi"), QString("kivi:residual_length=0,sinks=2,recent=30"));
        QCOMPARE(window.specText("lora"), QString("lora:sinks=2,recent=30"));
        QCOMPARE(window.specText("fastv"), QString("fastv:sinks=2,recent=30")); // which is not checked, and stays so
        QCOMPARE(window.session()->methods()->checkedMethods(), checked);
        QTRY_VERIFY(shareOf(window, "kivi") > 0 && shareOf(window, "kivi") == shareOf(window, "lora"));
        QVERIFY(
            QString::fromStdString(window.session()->sweeps()->choice().specOf("kivi")).endsWith(",sinks=2,recent=30"));

        dialog = open(window); // shows what holds now
        QVERIFY(in<QRadioButton>(dialog, "protectSame")->isChecked());
        QCOMPARE(in<QSpinBox>(dialog, "protectRecent")->value(), 30);
        QTest::keyClick(dialog, Qt::Key_Escape);

        window.session()->undoStack()->undo();
        QCOMPARE(window.specText("kivi"), QString("kivi"));
        QCOMPARE(window.session()->sweeps()->choice().specOf("kivi"), SweepChoice().specOf("kivi"));
        QCOMPARE(window.specText("fastv"), QString("fastv"));
    }
    void none()
    {
        Window window;
        QVERIFY(window.open(Dumps::instance().small()));
        QDialog* dialog = open(window);
        in<QRadioButton>(dialog, "protectNone")->click();
        QTest::keyClick(dialog, Qt::Key_Return);
        QTRY_VERIFY(shareOf(window, "kivi") == 0 && shareOf(window, "lora") == 0);
        dialog = open(window);
        QVERIFY(in<QRadioButton>(dialog, "protectNone")->isChecked());
        in<QRadioButton>(dialog, "protectOwn")->click();
        QTest::keyClick(dialog, Qt::Key_Return);
        QCOMPARE(window.specText("kivi"), QString("kivi"));
        QCOMPARE(window.specText("lora"), QString("lora"));
    }

private:
    static QDialog* open(Window& window)
    {
        window.action("actionLikeForLike")->trigger();
        return dialogOf(window, "likeForLikeDialog");
    }
    /// Of the live point, in full.
    static double shareOf(Window& window, const char* method)
    {
        const int row = window.liveRow(method);
        if (row < 0 || window.results()->row(row).stale || window.results()->row(row).result->preview)
            return -1;
        return window.results()->row(row).result->keptShare();
    }
};

PIKV_TEST(LikeForLikeTest)
#include "tst_likeforlike.moc"
