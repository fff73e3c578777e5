// SPDX-License-Identifier: GPL-3.0-or-later
// A parameter is dragged with the mouse.
#include "testmain.h"
#include "windowfixture.h"
#include <QDoubleSpinBox>
#include <QSlider>
#include <QStyleOptionSlider>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

namespace {

QPoint handleOf(const QSlider* slider)
{
    QStyleOptionSlider option;
    option.initFrom(slider);
    option.orientation = slider->orientation();
    option.minimum = slider->minimum();
    option.maximum = slider->maximum();
    option.sliderPosition = slider->sliderPosition();
    option.sliderValue = slider->value();
    return slider->style()->subControlRect(QStyle::CC_Slider, &option, QStyle::SC_SliderHandle, slider).center();
}

} // namespace

class DragTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { forgetSettings(); }
    void pointMovesWhileTheMouseIsDown();
    void previewComesBeforeTheFullResult();
    void dragIsOneStepOfUndo();
    void dragBackLeavesNothingToUndo();
    void latestSettingsWin();
    void goingBackNeedsNoEngine();

private:
    /// Presses the button on the slider's handle and leaves it down.
    static QSlider* press(Window& window, const char* name);
    /// Moves the mouse to a share of the slider's width.
    static void moveTo(QSlider* slider, double share);
    static void moveTo(QSlider* slider, QPoint at);
};

QSlider* DragTest::press(Window& window, const char* name)
{
    auto* slider = window.find<QSlider>(name);
    QTest::mousePress(slider, Qt::LeftButton, {}, handleOf(slider));
    return slider;
}

void DragTest::moveTo(QSlider* slider, double share)
{
    moveTo(slider, QPoint(int(share * (slider->width() - 1)), slider->height() / 2));
}

void DragTest::moveTo(QSlider* slider, QPoint at)
{
    QMouseEvent move(QEvent::MouseMove, at, slider->mapToGlobal(QPointF(at)), Qt::NoButton, Qt::LeftButton, {});
    QApplication::sendEvent(slider, &move);
}

void DragTest::pointMovesWhileTheMouseIsDown()
{
    Window window;
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    window.choose("lora");
    const int row = window.liveRow("lora");
    const quint64 before = window.live("lora")->storedBytes;
    QSlider* slider = press(window, "param_rank_slider");
    quint64 last = before;
    for (double share : { 0.9, 0.2, 0.7 }) {
        moveTo(slider, share);
        QVERIFY(slider->isSliderDown());
        const MethodSpec wanted = window.specs()->spec("lora");
        QTRY_VERIFY(window.live("lora")->method == wanted && !window.live("lora")->preview);
        QVERIFY(slider->isSliderDown()); // all this with the button held
        QVERIFY(window.live("lora")->storedBytes != last);
        last = window.live("lora")->storedBytes;
        QCOMPARE(window.liveRow("lora"), row); // the same point moved
    }
    QTest::mouseRelease(slider, Qt::LeftButton, {}, handleOf(slider));
    QVERIFY(!slider->isSliderDown());
    QVERIFY(last != before);
}

void DragTest::previewComesBeforeTheFullResult()
{
    Window window;
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    window.choose("lora");
    QStringList seen;
    connect(window.engine(), &Engine::resultReady, this, [&](const ResultPtr& result, quint64, bool live) {
        if (live)
            seen << (result->preview ? "preview" : "full");
    });
    QSlider* slider = press(window, "param_rank_slider");
    moveTo(slider, 0.95);
    QTRY_COMPARE(seen, QStringList({ "preview", "full" }));
    QTest::mouseRelease(slider, Qt::LeftButton, {}, handleOf(slider));
    QTest::qWait(50);
    QCOMPARE(seen.size(), 2); // the release itself asks for nothing
}

void DragTest::dragIsOneStepOfUndo()
{
    Window window;
    QVERIFY(window.open(Dumps::instance().small()));
    window.choose("lora");
    const QString before = window.specText("lora");
    for (double share : { 0.9, 0.5 }) {
        QSlider* slider = press(window, "param_rank_slider");
        for (int i = 1; i <= 10; ++i)
            moveTo(slider, share * i / 10);
        QTest::mouseRelease(slider, Qt::LeftButton, {}, handleOf(slider));
    }
    const QString after = window.specText("lora");
    auto* undo = window.action("actionUndo");
    QVERIFY2(undo->text().contains("rank", Qt::CaseInsensitive), qPrintable(undo->text()));
    undo->trigger();
    const QString between = window.specText("lora");
    undo->trigger();
    QCOMPARE(window.specText("lora"), before);
    QVERIFY(!undo->isEnabled());
    QTRY_COMPARE(window.live("lora")->method, window.specs()->spec("lora")); // the chart follows
    window.trigger("actionRedo");
    QCOMPARE(window.specText("lora"), between);
    window.trigger("actionRedo");
    QCOMPARE(window.specText("lora"), after);
    QVERIFY(between != before && between != after);
    const int value = int(window.specs()->spec("lora").params.integer("rank"));
    QCOMPARE(int(window.find<QDoubleSpinBox>("param_rank_spin")->value()), value);
}

void DragTest::dragBackLeavesNothingToUndo()
{
    Window window;
    QVERIFY(window.open(Dumps::instance().small()));
    window.choose("lora");
    const QString before = window.specText("lora");
    QSlider* slider = press(window, "param_rank_slider");
    const QPoint start = handleOf(slider);
    moveTo(slider, 0.8);
    QVERIFY(window.specText("lora") != before);
    moveTo(slider, start);
    QTest::mouseRelease(slider, Qt::LeftButton, {}, handleOf(slider));
    QCOMPARE(window.specText("lora"), before);
    QVERIFY(!window.action("actionUndo")->isEnabled());
}

void DragTest::latestSettingsWin()
{
    Window window;
    QVERIFY(window.open(Dumps::instance().small()));
    window.choose("kivi");
    quint64 lastId = 0;
    connect(window.engine(), &Engine::resultReady, this, [&](const ResultPtr& result, quint64 id, bool live) {
        if (!live || result->method.id != "kivi")
            return;
        QVERIFY(id >= lastId);
        lastId = id;
    });
    QSlider* slider = press(window, "param_key_bits_slider");
    for (int i = 0; i < 60; ++i) // faster than any engine
        moveTo(slider, (i * 37 % 100) / 100.0);
    QTest::mouseRelease(slider, Qt::LeftButton, {}, handleOf(slider));
    QVERIFY(window.waitIdle());
    QTRY_VERIFY(window.live("kivi")->method == window.specs()->spec("kivi") && !window.live("kivi")->preview);
    QVERIFY(!window.results()->row(window.liveRow("kivi")).stale);
}

void DragTest::goingBackNeedsNoEngine()
{
    Window window;
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    window.choose("lora");
    auto* spin = window.find<QDoubleSpinBox>("param_rank_spin");
    const double start = spin->value();
    spin->setValue(start + 3);
    QVERIFY(QTest::qWaitFor([&] { return window.live("lora")->method.params.integer("rank") == start + 3; }));
    QVERIFY(window.waitIdle());
    QSignalSpy busy(window.engine(), &Engine::busyChanged);
    window.trigger("actionUndo");
    QTRY_COMPARE(double(window.live("lora")->method.params.integer("rank")), start);
    QVERIFY(!window.live("lora")->preview);
    QCOMPARE(busy.count(), 0);
}

PIKV_TEST(DragTest)
#include "tst_drag.moc"
