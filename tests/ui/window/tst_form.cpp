// SPDX-License-Identifier: GPL-3.0-or-later
// The parameter form, made from the registry.
#include "core/codec/registry.h"
#include "testmain.h"
#include "ui/panels/parameditor.h"
#include "windowfixture.h"
#include <QAbstractItemView>
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QDockWidget>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QSlider>
#include <QToolButton>
#include <QTreeView>
#include <QWheelEvent>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

class FormTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { forgetSettings(); }
    void everyParameterHasItsControl_data();
    void everyParameterHasItsControl();
    void sliderAndSpinBoxAgree();
    void everyKeyMovesTheSlider_data() { everyParameterHasItsControl_data(); }
    void everyKeyMovesTheSlider();
    void resetsOneAndAll();
    void choosingAMethodShowsItsForm();
    void editChecksTheMethod();
    void clickOnTheBoxChecksTheMethod();
    void textIsTheSettings();
    void badTextIsAProblem_data();
    void badTextIsAProblem();
    void copiesAndPastesSettings();
    void typedDigitsWaitForTheirEnd();
    void wheelScrollsPastTheForm();
    void slidersEndWhereTheDumpDoes();
    void resultRowsBecomeSettings();
};

void FormTest::everyParameterHasItsControl_data()
{
    QTest::addColumn<QString>("method");
    for (const MethodInfo& method : Registry::instance().methods())
        QTest::newRow(method.id.c_str()) << QString::fromStdString(method.id);
}

void FormTest::everyParameterHasItsControl()
{
    QFETCH(QString, method);
    Window window;
    window.choose(qPrintable(method));
    for (const ParamSpec& spec : Registry::instance().get(method.toStdString()).params) {
        auto* editor = window.find<ParamEditor>(("param_" + spec.name).c_str());
        QVERIFY(editor->toolTip().contains(QString::fromStdString(spec.help)));
        QVERIFY(!editor->buddy()->accessibleName().isEmpty());
        QCOMPARE(editor->isVisibleTo(&window), !spec.advanced);
        if (spec.type == ParamType::Int && spec.choices.empty()) {
            const QString name = "param_" + QString::fromStdString(spec.name);
            auto* spin = window.find<QDoubleSpinBox>(qPrintable(name + "_spin"));
            QCOMPARE(spin->minimum(), spec.minimum);
            QCOMPARE(spin->maximum(), spec.maximum);
            QCOMPARE(spin->value(), double(std::get<std::int64_t>(spec.defaultValue)));
            QString unit = QString::fromStdString(spec.unit);
            if (spin->value() == 1 && unit.endsWith('s'))
                unit.chop(1); // "1 token"
            QVERIFY(spin->suffix().contains(unit));
            for (double value : { spec.maximum, spec.minimum }) { // the slider reaches both ends
                auto* slider = window.find<QSlider>(qPrintable(name + "_slider"));
                slider->setValue(value == spec.maximum ? slider->maximum() : slider->minimum());
                QCOMPARE(spin->value(), value);
            }
        }
    }
}

void FormTest::sliderAndSpinBoxAgree()
{
    Window window;
    window.choose("kivi");
    auto* slider = window.find<QSlider>("param_key_bits_slider");
    auto* spin = window.find<QDoubleSpinBox>("param_key_bits_spin");
    slider->setValue(slider->maximum());
    QCOMPARE(spin->value(), spin->maximum());
    QCOMPARE(double(window.specs()->spec("kivi").params.integer("key_bits")), spin->maximum());
    spin->setValue(spin->minimum());
    QCOMPARE(slider->value(), slider->minimum());
    auto* residual = window.find<QDoubleSpinBox>("param_residual_length_spin"); // a logarithmic one
    auto* residualSlider = window.find<QSlider>("param_residual_length_slider");
    for (double value : { 0.0, 1.0, 17.0, 500.0, residual->maximum() }) {
        residual->setValue(value);
        QCOMPARE(double(window.specs()->spec("kivi").params.integer("residual_length")), value);
        QCOMPARE(residual->value(), value); // the slider's coarser grid does not round it
    }
    QCOMPARE(residualSlider->value(), residualSlider->maximum());
}

void FormTest::everyKeyMovesTheSlider()
{
    QFETCH(QString, method);
    Window window;
    window.choose(qPrintable(method));
    for (const ParamSpec& spec : Registry::instance().get(method.toStdString()).params) {
        if (spec.type != ParamType::Int && spec.type != ParamType::Real)
            continue;
        auto* slider = window.findChild<QSlider*>(("param_" + spec.name + "_slider").c_str());
        if (!slider)
            continue; // a choice among listed numbers
        auto* spin = window.find<QDoubleSpinBox>(("param_" + spec.name + "_spin").c_str());
        const double start = spin->value();
        const bool atEnd = start >= spec.maximum;
        QTest::keyClick(slider, atEnd ? Qt::Key_Left : Qt::Key_Right);
        const double next = spin->value();
        if (spec.type == ParamType::Real) // as the spin box shows it, without noise behind it
            QCOMPARE(window.specs()->spec(method).params.real(spec.name),
                QString::number(next, 'f', spin->decimals()).toDouble());
        QVERIFY2(atEnd ? next < start : next > start, spec.name.c_str());
        QTest::keyClick(slider, atEnd ? Qt::Key_Right : Qt::Key_Left);
        QVERIFY2(atEnd ? spin->value() > next : spin->value() < next, spec.name.c_str());
    }
}

void FormTest::resetsOneAndAll()
{
    Window window;
    window.choose("kivi");
    const QString defaults = window.specText("kivi");
    auto* reset = window.find<QToolButton>("param_key_bits_reset");
    QVERIFY(reset->isHidden()); // there is nothing to reset
    window.find<QDoubleSpinBox>("param_key_bits_spin")->setValue(4);
    window.find<QDoubleSpinBox>("param_value_bits_spin")->setValue(3);
    QVERIFY(reset->isVisible());
    reset->click();
    QCOMPARE(window.specText("kivi"), QString("kivi:value_bits=3"));
    window.trigger("actionResetMethod");
    QCOMPARE(window.specText("kivi"), defaults);
    window.trigger("actionUndo");
    QCOMPARE(window.specText("kivi"), QString("kivi:value_bits=3"));
}

void FormTest::choosingAMethodShowsItsForm()
{
    Window window;
    for (const char* id : { "kivi", "lora", "q8_0" }) {
        window.choose(id);
        const MethodInfo& method = Registry::instance().get(id);
        QVERIFY(window.find<QLabel>("paramTitle")->text().contains(QString::fromStdString(method.label)));
        QCOMPARE(window.find<QLabel>("paramSentence")->text(), QString::fromStdString(method.sentence));
    }
}

void FormTest::editChecksTheMethod()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    window.choose("lora");
    window.find<QDoubleSpinBox>("param_rank_spin")->setValue(6);
    QVERIFY(window.methods()->checkedMethods().contains("lora")); // an edit that changes nothing one sees would puzzle
    QTRY_VERIFY(window.live("lora") && window.live("lora")->method.params.integer("rank") == 6);
}

void FormTest::clickOnTheBoxChecksTheMethod()
{
    Window window;
    auto* list = window.find<QTreeView>("methodsPanel");
    for (const char* method : { "kivi", "minillm" }) {
        const QModelIndex index = window.methods()->indexOf(QLatin1String(method));
        list->scrollTo(index);
        const QRect row = list->visualRect(index);
        const auto state = [&] { return index.data(Qt::CheckStateRole).toInt(); };
        const int before = state();
        const QPoint box(row.left() + 10, row.top() + list->fontMetrics().height() / 2 + 3); // where it is drawn
        QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, box);
        QVERIFY(state() != before);
        QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, { box.x(), row.bottom() - 3 }); // below it
        QVERIFY(state() != before);
        QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, box);
        QCOMPARE(state(), before);
    }
}

void FormTest::textIsTheSettings()
{
    Window window;
    window.choose("lora");
    auto* text = window.find<QLineEdit>("paramSpecText");
    window.find<QDoubleSpinBox>("param_rank_spin")->setValue(12);
    QCOMPARE(text->text(), window.specText("lora"));
    QVERIFY(text->text().contains("rank=12"));
    text->setText("kivi:key_bits=3,residual_length=64");
    QTest::keyClick(text, Qt::Key_Return);
    QCOMPARE(window.specText("kivi"), QString("kivi:key_bits=3,residual_length=64"));
    QVERIFY(window.find<QLabel>("paramTitle")->text().contains("KIVI"));
    QCOMPARE(window.find<QDoubleSpinBox>("param_key_bits_spin")->value(), 3.0);
}

void FormTest::badTextIsAProblem_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("named");
    QTest::newRow("unknown method") << "zip"
                                    << "zip";
    QTest::newRow("unknown parameter") << "kivi:bits=2"
                                       << "bits";
    QTest::newRow("out of bounds") << "kivi:key_bits=9"
                                   << "8";
    QTest::newRow("no number") << "lora:rank=many"
                               << "rank";
    QTest::newRow("a list") << "lora:rank=[4,8]"
                            << "rank";
    QTest::newRow("nothing") << ""
                             << "method";
}

void FormTest::badTextIsAProblem()
{
    QFETCH(QString, text);
    QFETCH(QString, named);
    Window window;
    window.choose("kivi");
    const QString before = window.specText("kivi");
    QApplication::clipboard()->setText(text);
    window.trigger("actionPasteSettings");
    auto* problems = window.find<QAbstractItemView>("problemsTable")->model();
    QCOMPARE(problems->rowCount(), 1);
    const QString message = problems->index(0, 1).data().toString();
    QVERIFY2(message.contains(named), qPrintable(message));
    QVERIFY(window.find<QDockWidget>("problemsDock")->isVisible());
    QCOMPARE(window.specText("kivi"), before);
    QVERIFY(!window.action("actionUndo")->isEnabled());
}

void FormTest::copiesAndPastesSettings()
{
    Window window;
    window.choose("lora");
    window.find<QDoubleSpinBox>("param_rank_spin")->setValue(24);
    window.trigger("actionCopySettings");
    const QString text = QApplication::clipboard()->text();
    QVERIFY(text.startsWith("lora:") && text.contains("rank=24"));
    window.trigger("actionResetMethod");
    window.choose("kivi");
    window.trigger("actionPasteSettings");
    QCOMPARE(window.specText("lora"), text);
    QCOMPARE(window.find<MethodsPanel>("methodsPanel")->currentMethod(), QString("lora"));
    window.trigger("actionUndo");
    QVERIFY(window.specText("lora") != text);
}

void FormTest::typedDigitsWaitForTheirEnd()
{
    Window window;
    window.choose("lora");
    auto* spin = window.find<QDoubleSpinBox>("param_rank_spin");
    const QString before = window.specText("lora");
    spin->setFocus();
    spin->selectAll();
    QTest::keyClicks(spin, "24");
    QCOMPARE(window.specText("lora"), before); // not yet rank 2, then 24
    QTest::keyClick(spin, Qt::Key_Return);
    QCOMPARE(window.specs()->spec("lora").params.integer("rank"), 24);
}

void FormTest::wheelScrollsPastTheForm()
{
    Window window;
    window.choose("kivi");
    window.find<MethodsPanel>("methodsPanel")->setFocus();
    const QString before = window.specText("kivi");
    for (const char* name : { "param_key_bits_slider", "param_key_bits_spin" }) {
        auto* control = window.find<QWidget>(name);
        QWheelEvent wheel(
            QPointF(5, 5), control->mapToGlobal(QPointF(5, 5)), {}, { 0, 120 }, {}, {}, Qt::NoScrollPhase, false);
        QApplication::sendEvent(control, &wheel);
    }
    QCOMPARE(window.specText("kivi"), before); // a wheel over a control without focus scrolls, it edits nothing
}

void FormTest::slidersEndWhereTheDumpDoes()
{
    Window window;
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    window.choose("lora");
    auto* slider = window.find<QSlider>("param_rank_slider");
    auto* spin = window.find<QDoubleSpinBox>("param_rank_spin");
    slider->setValue(slider->maximum());
    const auto bound = std::int64_t(spin->value());
    QVERIFY(bound < spin->maximum());
    QTRY_VERIFY2(window.live("lora")->method.params.integer("rank") == bound && !window.live("lora")->preview,
        qPrintable(window.specText("lora")));
    auto* problems = window.find<QAbstractItemView>("problemsTable")->model();
    QCOMPARE(problems->rowCount(), 0);
    spin->setValue(double(bound + 1)); // typed, it is refused with the bound
    QTRY_COMPARE(problems->rowCount(), 1);
    QVERIFY(problems->index(0, 1).data().toString().contains("rank=" + QString::number(bound + 1)));
    QCOMPARE(window.live("lora")->method.params.integer("rank"), bound);
    QVERIFY(!window.results()->row(window.liveRow("lora")).stale);
}

void FormTest::resultRowsBecomeSettings()
{
    Window window;
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    window.choose("kivi");
    window.find<QLineEdit>("resultsFilter")->setText("lora rank=16");
    auto* table = window.find<QAbstractItemView>("resultsTable");
    QCOMPARE(table->model()->rowCount(), 1);
    Q_EMIT table->activated(table->model()->index(0, 0));
    QCOMPARE(window.specText("lora"), QString("lora:rank=16"));
    QCOMPARE(window.find<QDoubleSpinBox>("param_rank_spin")->value(), 16.0);
    window.trigger("actionUndo");
    QCOMPARE(window.specText("lora"), QString("lora"));
}

PIKV_TEST(FormTest)
#include "tst_form.moc"
