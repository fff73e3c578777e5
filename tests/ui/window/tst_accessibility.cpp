// SPDX-License-Identifier: GPL-3.0-or-later
// What a screen reader and a keyboard meet.
#include "core/codec/registry.h"
#include "testmain.h"
#include "windowfixture.h"
#include <QAccessible>
#include <QDockWidget>
#include <QLabel>
#include <QMenuBar>
#include <QTabWidget>
#include <QToolButton>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

class AccessibilityTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { forgetSettings(); }
    void everyFocusableWidgetHasANameAndAnId();
    void everyMenuEntryHasAMnemonicAndAnId();
    void noTwoVisibleMnemonicsAreTheSame();
    void noTwoShortcutsAreTheSame();
};

void AccessibilityTest::everyFocusableWidgetHasANameAndAnId()
{
    Window window;
    QVERIFY(window.open(Dumps::instance().small()));
    window.find<QDockWidget>("problemsDock")->show();
    QSet<QString> seen;
    for (const MethodInfo& method : Registry::instance().methods()) {
        window.choose(method.id.c_str());
        window.find<QToolButton>("paramAdvanced")->setChecked(true);
        for (QWidget* widget : window.findChildren<QWidget*>()) {
            if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisibleTo(&window)
                || widget->objectName().startsWith("qt_")) // parts of Qt's own controls, which speak for them
                continue;
            const QByteArray what = widget->metaObject()->className() + QByteArray(" '") + widget->objectName().toUtf8()
                + "' in '" + widget->parentWidget()->objectName().toUtf8() + "' of " + method.id.c_str();
            QAccessibleInterface* accessible = QAccessible::queryAccessibleInterface(widget);
            QVERIFY2(accessible && !accessible->text(QAccessible::Name).isEmpty(), what.constData());
            QVERIFY2(!widget->objectName().isEmpty(), what.constData());
            seen.insert(widget->objectName());
        }
    }
    QVERIFY(seen.size() > 30);
}

void AccessibilityTest::everyMenuEntryHasAMnemonicAndAnId()
{
    Window window;
    for (const QAction* top : window.menuBar()->actions()) {
        QVERIFY(top->text().contains('&'));
        QSet<QChar> used;
        for (const QAction* action : top->menu()->actions()) {
            if (action->isSeparator() || qobject_cast<QDockWidget*>(action->parent()))
                continue;
            QVERIFY2(action->menu() || !action->objectName().isEmpty(), qPrintable(action->text()));
            const auto at = action->text().indexOf('&');
            QVERIFY2(at >= 0, qPrintable(action->text()));
            const QChar mnemonic = action->text().at(at + 1).toLower();
            QVERIFY2(!used.contains(mnemonic), qPrintable(action->text()));
            used.insert(mnemonic);
        }
    }
}

/// Qt gives the focus to one after the other instead of pressing either where two visible widgets have the same letter.
void AccessibilityTest::noTwoVisibleMnemonicsAreTheSame()
{
    Window window;
    for (QDockWidget* dock : window.findChildren<QDockWidget*>())
        dock->show();
    window.find<QDockWidget>("calibrationDock")->raise();
    auto* tabs = window.find<QTabWidget>("chartTabs");
    for (int tab = 0; tab < tabs->count(); ++tab) {
        tabs->setCurrentIndex(tab);
        QCoreApplication::processEvents();
        QHash<QKeySequence, QString> used;
        const auto add = [&](const QString& text) {
            const QKeySequence keys = QKeySequence::mnemonic(text);
            if (keys.isEmpty())
                return true;
            const bool first = !used.contains(keys);
            if (!first)
                qWarning("'%s' and '%s'", qPrintable(text), qPrintable(used[keys]));
            used.insert(keys, text);
            return first;
        };
        for (const QAction* action : window.menuBar()->actions())
            QVERIFY(add(action->text()));
        for (int i = 0; i < tabs->count(); ++i)
            QVERIFY(add(tabs->tabText(i)));
        for (const auto* button : window.findChildren<QAbstractButton*>())
            QVERIFY(!button->isVisible() || add(button->text()));
        for (const auto* label : window.findChildren<QLabel*>())
            QVERIFY(!label->isVisible() || !label->buddy() || add(label->text()));
        QVERIFY(used.size() > 12);
    }
}

void AccessibilityTest::noTwoShortcutsAreTheSame()
{
    Window window;
    QSet<QString> used;
    for (const QAction* action : window.findChildren<QAction*>()) {
        for (const QKeySequence& keys : action->shortcuts()) {
            if (keys.isEmpty() || action->shortcutContext() != Qt::WindowShortcut)
                continue;
            QVERIFY2(!used.contains(keys.toString()), qPrintable(action->objectName() + ' ' + keys.toString()));
            used.insert(keys.toString());
        }
    }
    for (const char* keys : { "Ctrl+O", "Ctrl+Z", "Ctrl+Q", "F5", "Esc" })
        QVERIFY2(used.contains(keys), keys);
}

PIKV_TEST(AccessibilityTest)
#include "tst_accessibility.moc"
