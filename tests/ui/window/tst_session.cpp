// SPDX-License-Identifier: GPL-3.0-or-later
// What survives a restart, and settings that are none of ours.
#include "testmain.h"
#include "ui/charts/metriccombo.h"
#include "ui/theme/theme.h"
#include "windowfixture.h"
#include <QComboBox>
#include <QDockWidget>
#include <QDoubleSpinBox>
#include <QImage>
#include <QLabel>
#include <QTabWidget>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

class SessionTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { forgetSettings(); }
    void cleanup() { applyTheme(ThemeMode::System); }
    void settingsSurviveARestart();
    void layoutSurvivesARestart();
    void themeSurvivesARestart();
    void linksTakeTheThemesColour();
    void garbageIsIgnored_data();
    void garbageIsIgnored();
    void resetLayoutBringsDocksBack();
    void openedDocksComeToTheFront();
    void closingStopsTheSweep();
};

void SessionTest::settingsSurviveARestart()
{
    {
        Window window({ "lora", "q8_0" });
        window.choose("lora");
        window.find<QDoubleSpinBox>("param_rank_spin")->setValue(21);
        window.find<MetricCombo>("tradeoffYMetric")->setMetric("value_nmse");
        auto* importance = window.find<QComboBox>("importanceSource");
        importance->setCurrentIndex(importance->findText("Recency", Qt::MatchContains));
        Q_EMIT importance->activated(importance->currentIndex());
        window.close();
    }
    Window window { QStringList() };
    QStringList checked = window.methods()->checkedMethods();
    checked.sort();
    QCOMPARE(checked, QStringList({ "lora", "q8_0" }));
    QCOMPARE(window.specs()->spec("lora").params.integer("rank"), 21);
    QCOMPARE(window.find<MethodsPanel>("methodsPanel")->currentMethod(), QString("lora"));
    QCOMPARE(window.find<QDoubleSpinBox>("param_rank_spin")->value(), 21.0);
    QCOMPARE(window.find<MetricCombo>("tradeoffYMetric")->metricName(), QString("value_nmse"));
    QCOMPARE(window.engine()->importance().source, ImportanceSpec::Source::Recency);
    QVERIFY(window.find<QComboBox>("importanceSource")->currentText().contains("Recency"));
    QVERIFY(window.open(Dumps::instance().small()));
    QCOMPARE(window.live("lora")->method.params.integer("rank"), 21);
    QCOMPARE(window.live("lora")->importance.source, ImportanceSpec::Source::Recency);
    QVERIFY(!window.live("kivi"));
}

void SessionTest::layoutSurvivesARestart()
{
    {
        Window window;
        window.resize(711, 666);
        window.find<QDockWidget>("dumpDock")->hide();
        window.find<QTabWidget>("chartTabs")->setCurrentIndex(1);
        window.close();
    }
    Window window({ "kivi" }, true);
    QCOMPARE(window.size(), QSize(711, 666));
    QVERIFY(window.find<QDockWidget>("dumpDock")->isHidden());
    QVERIFY(!window.find<QDockWidget>("methodsDock")->isHidden());
    QCOMPARE(window.find<QTabWidget>("chartTabs")->currentIndex(), 1);
}

void SessionTest::themeSurvivesARestart()
{
    {
        Window window;
        window.trigger("actionTheme_dark");
        QTRY_VERIFY(isDarkPalette(window.palette()));
        window.close();
    }
    applyTheme(ThemeMode::Light);
    Window window;
    QVERIFY(window.action("actionTheme_dark")->isChecked());
    QTRY_VERIFY(isDarkPalette(window.palette()));
    window.trigger("actionTheme_light");
    QTRY_VERIFY(!isDarkPalette(window.palette()));
}

void SessionTest::linksTakeTheThemesColour()
{
    Window window;
    window.choose("kivi");
    auto* reference = window.find<QLabel>("paramReference");
    for (const char* action : { "actionTheme_dark", "actionTheme_light", "actionTheme_dark" }) {
        window.trigger(action);
        const auto drawn = [&](QColor colour) {
            const QImage image = reference->grab().toImage();
            int count = 0;
            for (int y = 0; y < image.height(); ++y)
                for (int x = 0; x < image.width(); ++x)
                    count += image.pixelColor(x, y) == colour;
            return count;
        };
        QTRY_VERIFY2(drawn(QApplication::palette().color(QPalette::Link)) > 20, action); // the line below the text
    }
}

void SessionTest::garbageIsIgnored_data()
{
    QTest::addColumn<QString>("key");
    QTest::addColumn<QVariant>("value");
    QTest::newRow("geometry") << "window/geometry" << QVariant(QByteArray("nonsense"));
    QTest::newRow("layout") << "window/layout" << QVariant(QByteArray("nonsense"));
    QTest::newRow("tab") << "window/tab" << QVariant(999);
    QTest::newRow("theme") << "window/theme" << QVariant("plaid");
    QTest::newRow("header") << "results/header" << QVariant(QByteArray("nonsense"));
    QTest::newRow("checked") << "methods/checked" << QVariant(QStringList({ "gone", "" }));
    QTest::newRow("specs") << "methods/specs" << QVariant(QStringList({ "gone:x=1", "lora:rank=-5", "" }));
    QTest::newRow("current") << "methods/current" << QVariant("gone");
    QTest::newRow("importance") << "importance" << QVariant("loudness");
    QTest::newRow("schema") << "schema" << QVariant(99);
}

void SessionTest::garbageIsIgnored()
{
    QFETCH(QString, key);
    QFETCH(QVariant, value);
    QSettings().setValue("schema", 1);
    QSettings().setValue(key, value);
    Window window { QStringList() };
    QVERIFY(window.isVisible());
    QCOMPARE(window.specText("lora"), QString("lora"));
    QVERIFY(window.find<QTabWidget>("chartTabs")->currentIndex() >= 0);
    QVERIFY(!window.find<MethodsPanel>("methodsPanel")->currentMethod().isEmpty());
    QVERIFY(window.width() >= 600 && window.width() <= 4000);
}

void SessionTest::openedDocksComeToTheFront()
{
    Window window;
    for (const char* name : { "calibrationDock", "problemsDock", "resultsDock" }) { // tabs of one place
        auto* dock = window.find<QDockWidget>(name);
        if (dock->isVisible())
            dock->toggleViewAction()->trigger();
        QVERIFY(dock->isHidden());
        dock->toggleViewAction()->trigger();
        QTRY_VERIFY2(!dock->widget()->visibleRegion().isEmpty(), name);
    }
}

void SessionTest::resetLayoutBringsDocksBack()
{
    Window window;
    for (const char* dock : { "dumpDock", "methodsDock", "parametersDock", "resultsDock" })
        window.find<QDockWidget>(dock)->hide();
    window.trigger("actionResetLayout");
    for (const char* dock : { "dumpDock", "methodsDock", "parametersDock", "resultsDock" })
        QVERIFY2(!window.find<QDockWidget>(dock)->isHidden(), dock);
    QVERIFY(window.find<QDockWidget>("problemsDock")->isHidden());
}

void SessionTest::closingStopsTheSweep()
{
    auto window = std::make_unique<Window>();
    QSignalSpy busy(window->engine(), &Engine::busyChanged);
    window->openDump(Dumps::instance().large());
    QVERIFY(busy.wait(20'000));
    window->close();
    window.reset(); // returns while the engine was at work; a hang is the test's time-out
    QVERIFY(QSettings().contains("window/geometry"));
}

PIKV_TEST(SessionTest)
#include "tst_session.moc"
