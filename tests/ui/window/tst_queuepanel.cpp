// SPDX-License-Identifier: GPL-3.0-or-later
// The queue of sweeps, by mouse and keyboard, and what it offers on another day.
#include "sweepfixture.h"
#include "testmain.h"
#include "ui/engine/queuemodel.h"
#include "ui/session/sweeps.h"
#include <QDockWidget>
#include <QFrame>
#include <QLabel>
#include <QPushButton>
#include <QTableView>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

class QueuePanelTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup() { m_data.reset(); }
    void theQueueIsWorkedByKeyboard();
    void theQueueIsWorkedByMouse();
    void unfinishedSweepsAreOffered();

private:
    std::unique_ptr<OwnData> m_data;
};

void QueuePanelTest::init()
{
    forgetSettings();
    m_data = std::make_unique<OwnData>();
}

void QueuePanelTest::theQueueIsWorkedByKeyboard()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    window.engine()->sweeps()->removeEnded();
    window.find<QDockWidget>("queueDock")->raise();
    QTest::keyClick(&window, Qt::Key_P, Qt::ControlModifier);
    QVERIFY(window.engine()->sweeps()->isPaused() && window.find<QPushButton>("queuePause")->isChecked());
    window.session()->sweeps()->start({ { "lora:rank=[2,3]", "kivi:key_bits=[6,7]", "q8_0" }, {}, false });
    auto* table = window.find<QTableView>("queueTable");
    QTRY_COMPARE(table->model()->rowCount(), 3);
    const auto titles = [&] {
        QStringList list;
        for (int row = 0; row < table->model()->rowCount(); ++row)
            list << table->model()->index(row, 0).data().toString().left(4);
        return list;
    };
    table->setFocus();
    table->setCurrentIndex(table->model()->index(2, 0));
    QTest::keyClick(table, Qt::Key_Up, Qt::AltModifier);
    QTest::keyClick(table, Qt::Key_Up, Qt::AltModifier); // the row stays current on its way
    QCOMPARE(titles(), QStringList({ "q8_0", "lora", "kivi" }));
    QTest::keyClick(table, Qt::Key_Down, Qt::AltModifier);
    QCOMPARE(titles(), QStringList({ "lora", "q8_0", "kivi" }));
    QTest::keyClick(table, Qt::Key_Delete);
    QCOMPARE(titles(), QStringList({ "lora", "kivi", "q8_0" }));
    QCOMPARE(table->model()->index(2, QueueModel::StateColumn).data().toString(), QString("Cancelled"));
    QSignalSpy swept(window.engine(), &Engine::sweepFinished);
    QTest::keyClick(&window, Qt::Key_P, Qt::ControlModifier);
    QTRY_COMPARE(swept.count(), 1);
    QCOMPARE(swept[0], QVariantList({ 4, 4, 0 }));
    table->setFocus();
    table->setCurrentIndex(table->model()->index(titles().indexOf("q8_0"), 0));
    QTest::keyClick(table, Qt::Key_Return); // once more
    QTRY_COMPARE(swept.count(), 2);
    QTRY_VERIFY(shown(window).contains("q8_0"));
    table->setFocus();
    table->setCurrentIndex(table->model()->index(0, 0));
    QTest::keyClick(table, Qt::Key_Delete); // what has ended leaves the list
    QCOMPARE(table->model()->rowCount(), 2);
}

void QueuePanelTest::theQueueIsWorkedByMouse()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    window.find<QDockWidget>("queueDock")->raise();
    auto* table = window.find<QTableView>("queueTable");
    QCOMPARE(table->model()->rowCount(), 1); // the default sweep
    click(window.find<QPushButton>("queueClear"));
    QTRY_COMPARE(table->model()->rowCount(), 0);
    QVERIFY(window.find<QLabel>("queueEmpty")->isVisible());
    click(window.find<QPushButton>("queuePause"));
    QVERIFY(window.action("actionPauseQueue")->isChecked());
    window.session()->sweeps()->start({ { "lora:rank=[2,3]", "q8_0" }, {}, false });
    QTRY_VERIFY(table->isVisible());
    const QRect second = table->visualRect(table->model()->index(1, 0));
    QTest::mouseClick(table->viewport(), Qt::LeftButton, {}, second.center());
    QVERIFY(!window.find<QPushButton>("queueDown")->isEnabled());
    click(window.find<QPushButton>("queueUp"));
    QCOMPARE(table->model()->index(0, 0).data().toString(), QString("q8_0"));
    QCOMPARE(table->currentIndex().row(), 0);
    click(window.find<QPushButton>("queueDown"));
    QCOMPARE(table->currentIndex().row(), 1);
    click(window.find<QPushButton>("queueCancel"));
    QCOMPARE(table->model()->index(1, QueueModel::StateColumn).data().toString(), QString("Cancelled"));
    click(window.find<QPushButton>("queueAgain"));
    QCOMPARE(table->model()->index(1, QueueModel::StateColumn).data().toString(), QString("Paused"));
    QVERIFY(window.find<QDockWidget>("queueDock")->windowTitle().contains("(2)"));
    QSignalSpy swept(window.engine(), &Engine::sweepFinished);
    click(window.find<QPushButton>("queuePause"));
    QTRY_COMPARE(swept.count(), 1);
    QCOMPARE(swept[0], QVariantList({ 3, 3, 0 }));
    QVERIFY(!window.action("actionPauseQueue")->isChecked());
}

void QueuePanelTest::unfinishedSweepsAreOffered()
{
    {
        Window window({ "kivi" });
        QVERIFY(window.openAndSweep(Dumps::instance().small()));
        window.trigger("actionPauseQueue");
        window.session()->sweeps()->start({ { "lora:rank=[2,3]", "q8_0" }, {}, false });
        window.close();
    }
    for (const bool takesUp : { false, true }) {
        Window window({}, true);
        QVERIFY(!window.find<QFrame>("unfinishedBar")->isVisible());
        QVERIFY(window.open(Dumps::instance().copy("another.safetensors")));
        QVERIFY(!window.find<QFrame>("unfinishedBar")->isVisible()); // they are of the other one
        QVERIFY(window.open(Dumps::instance().small()));
        auto* bar = window.find<QFrame>("unfinishedBar");
        QTRY_VERIFY(bar->isVisible());
        QVERIFY(window.find<QLabel>("unfinishedText")->text().simplified().startsWith("2 sweeps of this dump"));
        click(window.find<QPushButton>(takesUp ? "unfinishedAction" : "unfinishedIgnore"));
        QVERIFY(!bar->isVisible());
        if (takesUp)
            QTRY_VERIFY_WITH_TIMEOUT(shown(window).contains("lora:rank=3") && shown(window).contains("q8_0"), 30'000);
        QVERIFY(window.waitIdle());
        window.close();
    }
    Window window({}, true);
    QVERIFY(window.open(Dumps::instance().small()));
    QVERIFY(!window.find<QFrame>("unfinishedBar")->isVisible());
}

PIKV_TEST(QueuePanelTest)
#include "tst_queuepanel.moc"
