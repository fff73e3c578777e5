// SPDX-License-Identifier: GPL-3.0-or-later
// What hands do without thinking: scroll, press Escape, type a comma, take a click back.
#include "core/codec/registry.h"
#include "testmain.h"
#include "ui/panels/numberbox.h"
#include "ui/panels/paramform.h"
#include "ui/panels/resultspanel.h"
#include "windowfixture.h"
#include <QAbstractItemView>
#include <QAbstractSpinBox>
#include <QApplication>
#include <QComboBox>
#include <QDockWidget>
#include <QHeaderView>
#include <QItemSelectionModel>
#include <QLabel>
#include <QMenu>
#include <QRegularExpression>
#include <QScrollArea>
#include <QScrollBar>
#include <QSlider>
#include <QTabWidget>
#include <QTableView>
#include <QWheelEvent>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

namespace {

/// Downwards; Qt offers an event of the test's own to one widget alone, so that the way up to the parents is here.
void wheel(QWidget* over, int notches)
{
    for (QWidget* widget = over; widget; widget = widget->parentWidget()) {
        const QPoint at = widget->rect().center();
        QWheelEvent event(QPointF(at), QPointF(widget->mapToGlobal(at)), {}, QPoint(0, -120 * notches), Qt::NoButton,
            Qt::NoModifier, Qt::NoScrollPhase, false);
        QApplication::sendEvent(widget, &event);
        if (event.isAccepted())
            return;
    }
}

void retype(QWidget* box, const QString& text)
{
    box->setFocus();
    QTest::keyClick(box, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(box, text);
    QTest::keyClick(box, Qt::Key_Return);
}

} // namespace

class HandlingTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() { forgetSettings(); }
    void wheelOverABoxScrolls();
    void lackingImportanceCannotBeChosen();
    void deletedRowsComeBack();
    void uncheckedMethodComesBack();
    void countIsRightAfterARemoval();
    void settingsAreWrittenWhenTheyChange();
    void narrowDockKeepsTheForm();
    void oneNumberFormat();
    void numbersBeyondTheRangeAreClamped();
    void unitOfOneIsSingular();
    void escapeClearsTheSelectionFirst();
    void keysReachChartsAndFilter();
    void arrowsGoFromMethodToMethod();
    void columnsGrowWithTheirContents();
    void referencesReadAsText();
    void savingStartsBesideTheDump();
};

/// Every box and slider of every panel, without the focus.
void HandlingTest::wheelOverABoxScrolls()
{
    Window window;
    QVERIFY(window.open(Dumps::instance().small()));
    for (QDockWidget* dock : window.findChildren<QDockWidget*>()) {
        dock->show();
        dock->raise();
    }
    QVERIFY(window.waitIdle());
    window.find<QWidget>("resultsFilter")->setFocus();
    int tried = 0;
    for (QDockWidget* dock : window.findChildren<QDockWidget*>()) {
        for (QComboBox* box : dock->findChildren<QComboBox*>()) {
            const int before = box->currentIndex();
            wheel(box, 1);
            wheel(box, -1);
            wheel(box, -1);
            QVERIFY2(box->currentIndex() == before, qPrintable(box->objectName()));
            ++tried;
        }
        for (QAbstractSpinBox* box : dock->findChildren<QAbstractSpinBox*>()) {
            const QString before = box->text();
            wheel(box, 1);
            QVERIFY2(box->text() == before && !box->hasFocus(), qPrintable(box->objectName()));
            ++tried;
        }
    }
    QVERIFY(tried > 6);

    auto* area = window.find<QScrollArea>("dumpArea");
    area->setFixedHeight(60); // a low window
    QTRY_VERIFY(area->verticalScrollBar()->maximum() > 0);
    auto* source = window.find<QComboBox>("importanceSource");
    wheel(source, 1);
    QVERIFY(area->verticalScrollBar()->value() > 0);
    QCOMPARE(window.engine()->importance().source, ImportanceSpec::Source::None);
}

void HandlingTest::lackingImportanceCannotBeChosen()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small())); // has queries, stores no importance
    auto* source = window.find<QComboBox>("importanceSource");
    const int stored = source->findText("Stored", Qt::MatchContains);
    const QModelIndex entry = source->model()->index(stored, 0);
    QVERIFY(!(entry.flags() & Qt::ItemIsEnabled));
    QVERIFY(entry.data(Qt::ToolTipRole).toString().contains("stores no importance"));
    const int results = window.results()->resultCount();
    source->setFocus();
    QTest::keyClick(source, Qt::Key_Down); // over it
    QVERIFY(source->currentIndex() > stored);
    QTRY_VERIFY(window.engine()->importance().source == ImportanceSpec::Source::Attention);
    QVERIFY(window.waitIdle());
    window.trigger("actionUndo");
    QCOMPARE(source->currentIndex(), 0);
    QTRY_COMPARE(window.results()->resultCount(), results);
}

void HandlingTest::deletedRowsComeBack()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    auto* table = window.find<QTableView>("resultsTable");
    const int before = window.results()->resultCount();
    table->setFocus();
    QTest::keyClick(table, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClick(table, Qt::Key_Delete);
    QCOMPARE(window.results()->resultCount(), 0);
    QTest::keyClick(table, Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(window.results()->resultCount(), before);
    QVERIFY(window.live("kivi"));
}

void HandlingTest::uncheckedMethodComesBack()
{
    Window window;
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    const int before = window.results()->resultCount();
    window.choose("lora");
    auto* list = window.find<MethodsPanel>("methodsPanel");
    list->setFocus();
    QTest::keyClick(list, Qt::Key_Space);
    QVERIFY(!window.live("lora"));
    QTest::keyClick(list, Qt::Key_Z, Qt::ControlModifier);
    QVERIFY(window.live("lora"));
    QCOMPARE(window.results()->resultCount(), before);
}

void HandlingTest::countIsRightAfterARemoval()
{
    Window window;
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    window.session()->chooseMethod("lora", false);
    const QString count = QString::number(window.results()->resultCount());
    QTRY_VERIFY(window.find<QLabel>("resultsCount")->text().startsWith(count));
    QVERIFY(!window.find<QLabel>("resultsCount")->text().contains("of"));
}

void HandlingTest::settingsAreWrittenWhenTheyChange()
{
    Window window({ "lora" });
    window.choose("lora");
    retype(window.find<NumberBox>("param_rank_spin"), "21");
    QTRY_VERIFY(QSettings().value("methods/specs").toStringList().contains("lora:rank=21")); // the window is still open
    QCOMPARE(QSettings().value("methods/current").toString(), QString("lora"));
    window.find<QTabWidget>("chartTabs")->setCurrentIndex(1);
    QTRY_COMPARE(QSettings().value("window/tab").toInt(), 1);
}

void HandlingTest::narrowDockKeepsTheForm()
{
    Window window;
    window.choose("kivi");
    window.resizeDocks({ window.find<QDockWidget>("parametersDock") }, { 40 }, Qt::Horizontal);
    QCoreApplication::processEvents();
    auto* form = window.find<ParamForm>("paramForm");
    const int reach = form->viewport()->width() + form->horizontalScrollBar()->maximum();
    int seen = 0;
    for (QAbstractSpinBox* box : form->findChildren<QAbstractSpinBox*>()) {
        if (!box->isVisible())
            continue;
        QVERIFY2(box->mapTo(form->widget(), QPoint(box->width(), 0)).x() <= reach, qPrintable(box->objectName()));
        QVERIFY2(box->width() >= box->minimumSizeHint().width(), qPrintable(box->objectName()));
        ++seen;
    }
    QVERIFY(seen > 0);
}

void HandlingTest::oneNumberFormat()
{
    QLocale::setDefault(QLocale(QLocale::German, QLocale::Germany));
    Window window({ "kivi" });
    QVERIFY(window.open(Dumps::instance().small()));
    auto* source = window.find<QComboBox>("importanceSource");
    source->setCurrentIndex(source->findText("Uniform", Qt::MatchContains));
    Q_EMIT source->activated(source->currentIndex());
    auto* level = window.find<NumberBox>("importanceLevel");
    QCOMPARE(level->text(), QString("0.50"));
    QVERIFY(!window.find<QLabel>("dumpSize")->text().contains(QRegularExpression("\\d,\\d")));
    for (const char* typed : { "0,25", "0.75" }) {
        retype(level, typed);
        QCOMPARE(level->value(), QString(typed).replace(',', '.').toDouble());
        QCOMPARE(window.engine()->importance().level, level->value());
    }
}

void HandlingTest::numbersBeyondTheRangeAreClamped()
{
    Window window({ "kivi" });
    window.choose("kivi");
    auto* box = window.find<NumberBox>("param_key_bits_spin");
    QVERIFY(box->toolTip().contains(QString::number(box->maximum())));
    QVERIFY(window.find<QSlider>("param_key_bits_slider")->toolTip().contains(QString::number(box->maximum())));
    retype(box, "99");
    QCOMPARE(box->value(), box->maximum());
    QCOMPARE(double(window.specs()->spec("kivi").params.integer("key_bits")), box->maximum());
    QVERIFY(box->word().contains("99 became " + QString::number(box->maximum())));
    retype(box, "3");
    QCOMPARE(box->value(), 3.0);
    QVERIFY(box->word().isEmpty());
}

void HandlingTest::unitOfOneIsSingular()
{
    Window window({ "kivi" });
    window.choose("kivi");
    auto* box = window.find<NumberBox>("param_residual_length_spin");
    retype(box, "1");
    QVERIFY(box->text().endsWith(" token"));
    retype(box, "2");
    QVERIFY(box->text().endsWith(" tokens"));
}

void HandlingTest::escapeClearsTheSelectionFirst()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    QSignalSpy cancelled(window.engine(), &Engine::cancelled);
    QItemSelectionModel* selection = window.session()->selection();
    selection->select(window.results()->index(0, 0), QItemSelectionModel::Select | QItemSelectionModel::Rows);
    auto* tabs = window.find<QTabWidget>("chartTabs");
    window.activateWindow();
    tabs->currentWidget()->setFocus();
    QTest::keyClick(window.focusWidget(), Qt::Key_Escape);
    QVERIFY(!selection->hasSelection());
    QTest::qWait(20);
    QCOMPARE(cancelled.count(), 0);
    QTest::keyClick(window.focusWidget(), Qt::Key_Escape);
    QTRY_COMPARE(cancelled.count(), 1);
}

void HandlingTest::keysReachChartsAndFilter()
{
    Window window;
    window.activateWindow();
    auto* tabs = window.find<QTabWidget>("chartTabs");
    QTest::keyClick(&window, Qt::Key_4, Qt::ControlModifier);
    QCOMPARE(tabs->currentIndex(), 3);
    QTest::keyClick(&window, Qt::Key_1, Qt::ControlModifier);
    QCOMPARE(tabs->currentIndex(), 0);
    window.find<QDockWidget>("resultsDock")->hide();
    QTest::keyClick(&window, Qt::Key_F, Qt::ControlModifier);
    QTRY_VERIFY(window.find<QLineEdit>("resultsFilter")->hasFocus());
    // The columns, which a right click on the header offers, by keyboard.
    auto* table = window.find<QTableView>("resultsTable");
    bool offered = false;
    QTimer::singleShot(0, &window, [&] {
        auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
        offered = menu && menu->objectName() == "resultsMenu" && menu->actions().size() > 3;
        if (menu)
            menu->close();
    });
    QContextMenuEvent event(QContextMenuEvent::Keyboard, QPoint(5, 5), table->mapToGlobal(QPoint(5, 5)));
    QApplication::sendEvent(table, &event);
    QVERIFY(offered);
}

void HandlingTest::arrowsGoFromMethodToMethod()
{
    Window window;
    auto* list = window.find<MethodsPanel>("methodsPanel");
    list->setFocus();
    QTest::keyClick(list, Qt::Key_Home);
    QStringList met { list->currentMethod() };
    for (int i = 0; i < 30; ++i) {
        QTest::keyClick(list, Qt::Key_Down);
        QVERIFY(!list->currentMethod().isEmpty());
        if (list->currentMethod() == met.last())
            break;
        met << list->currentMethod();
    }
    QCOMPARE(met.size(), qsizetype(Registry::instance().methods().size()));
    QVERIFY(met.contains("identity") && met.contains("kivi"));
    QTest::keyClick(list, Qt::Key_Up);
    QVERIFY(!list->currentMethod().isEmpty());
}

void HandlingTest::columnsGrowWithTheirContents()
{
    Window window;
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    QVERIFY(window.waitIdle());
    auto* table = window.find<QTableView>("resultsTable");
    const auto cut = [&] {
        for (int column = 0; column < table->model()->columnCount(); ++column)
            for (int row = 0; row < table->model()->rowCount(); ++row)
                if (column != 1 && !table->isColumnHidden(column)
                    && table->fontMetrics().horizontalAdvance(table->model()->index(row, column).data().toString())
                        > table->columnWidth(column))
                    return true;
        return false;
    };
    QTRY_VERIFY(!cut());
    // What a method is chosen by is in sight without scrolling.
    const auto column = [&](const QString& title) {
        for (int i = 0; i < table->model()->columnCount(); ++i)
            if (table->model()->headerData(i, Qt::Horizontal).toString() == title)
                return i;
        return -1;
    };
    for (const char* title : { "Stored size", "Bits per element", "Attention error" }) {
        const int at = column(title);
        QVERIFY(at > 0);
        QVERIFY2(table->columnViewportPosition(at) + table->columnWidth(at) <= table->viewport()->width(), title);
    }
}

void HandlingTest::referencesReadAsText()
{
    Window window;
    window.choose("fastv");
    auto* reference = window.find<QLabel>("paramReference");
    QCOMPARE(reference->textFormat(), Qt::RichText);
    window.choose("identity");
    QTRY_VERIFY(!window.findChild<QLabel*>("paramReference")); // no paper stands behind it
}

void HandlingTest::savingStartsBesideTheDump()
{
    Window window;
    QVERIFY(window.open(Dumps::instance().small()));
    QString folder;
    QTimer::singleShot(0, qApp, [&] {
        for (QWidget* widget : QApplication::topLevelWidgets())
            if (auto* dialog = qobject_cast<QFileDialog*>(widget); dialog && dialog->isVisible()) {
                folder = dialog->directory().canonicalPath();
                dialog->reject();
            }
    });
    window.trigger("actionExportTable");
    QCOMPARE(folder, QFileInfo(Dumps::instance().small()).dir().canonicalPath());
}

PIKV_TEST(HandlingTest)
#include "tst_handling.moc"
