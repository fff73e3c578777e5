// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/methodspec.h"
#include "core/dumps/generate.h"
#include "history/history.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/resultsmodel.h"
#include "ui/models/specstore.h"
#include "ui/panels/methodspanel.h"
#include "ui/session/session.h"
#include "ui/window/actions.h"
#include "ui/window/mainwindow.h"
#include <QAction>
#include <QFileDialog>
#include <QLineEdit>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>
#include <functional>

namespace windowfixture {

/// Dumps that the tests open; written once.
class Dumps {
public:
    static Dumps& instance()
    {
        static Dumps dumps;
        return dumps;
    }
    /// 8 layers of 64 tokens: evaluated in milliseconds, yet deep enough for a preview.
    QString small() const { return m_small; }
    /// Takes seconds a method.
    QString large()
    {
        if (m_large.isEmpty())
            m_large = write("large.safetensors", 24, 2048);
        return m_large;
    }
    /// A path in the folder of the dumps.
    QString path(const QString& name) const { return m_folder.filePath(name); }
    /// A fresh copy of the small one, to be damaged.
    QString copy(const QString& name) const
    {
        QFile::remove(path(name));
        QFile::copy(m_small, path(name));
        return path(name);
    }

private:
    Dumps() { m_small = write("small.safetensors", 8, 64); }
    QString write(const QString& name, std::int64_t layers, std::int64_t seq) const
    {
        pikv::GenerateOptions options;
        options.layers = layers;
        options.kvHeads = 2;
        options.seq = seq;
        options.headDim = 32;
        options.queries = 8;
        pikv::generateCacheFile(options, path(name).toStdString());
        return path(name);
    }

    QTemporaryDir m_folder;
    QString m_small, m_large;
};

/// A window as a user has it in front of them.
class Window : public pikv::ui::MainWindow {
public:
    /// `methods`: what is checked; empty leaves the settings' or the default choice. `asSaved`: keeps the size of the
    /// last session. `history`: where results stay; null: nowhere.
    explicit Window(const QStringList& methods = { "kivi", "lora" }, bool asSaved = false,
        std::shared_ptr<pikv::history::History> history = nullptr)
        : MainWindow(std::move(history))
    {
        if (!methods.isEmpty())
            this->methods()->setCheckedMethods(methods);
        if (!asSaved)
            resize(1360, 860); // whatever the screen: pixels of a drag must not depend on it
        show();
        QVERIFY(QTest::qWaitForWindowExposed(this));
    }
    template <typename T>
    T* find(const char* name) const
    {
        T* found = findChild<T*>(QLatin1String(name));
        if (!found)
            qFatal("the window has no %s", name);
        return found;
    }
    void trigger(const char* name) const { action(name)->trigger(); }
    QAction* action(const char* name) const
    {
        QAction* found = actions().named(QLatin1String(name));
        if (!found)
            qFatal("the window has no command %s", name);
        return found;
    }
    pikv::ui::Engine* engine() const { return session()->engine(); }
    pikv::ui::ResultsModel* results() const { return session()->results(); }
    pikv::ui::SpecStore* specs() const { return session()->specs(); }
    pikv::ui::MethodsModel* methods() const { return session()->methods(); }
    pikv::ui::LanguageModels* models() const { return session()->languageModels(); }
    pikv::ui::NextTokenController* nextToken() const { return session()->nextToken(); }
    /// Opens a dump and waits for the first complete chart.
    bool open(const QString& path)
    {
        QSignalSpy complete(session(), &pikv::ui::Session::firstChartComplete);
        openDump(path);
        return complete.count() > 0 || complete.wait(60'000);
    }
    /// The same, and for the end of the sweep that follows.
    bool openAndSweep(const QString& path)
    {
        QSignalSpy swept(engine(), &pikv::ui::Engine::sweepFinished);
        return open(path) && (swept.count() > 0 || swept.wait(120'000));
    }
    bool waitIdle()
    {
        return QTest::qWaitFor([this] { return !engine()->isBusy(); }, 60'000);
    }
    void choose(const char* method) const { find<pikv::ui::MethodsPanel>("methodsPanel")->setCurrentMethod(method); }
    /// Row of a method's point at the form's parameters; -1 where there is none.
    int liveRow(const QString& method)
    {
        for (int row = 0; row < results()->resultCount(); ++row)
            if (results()->row(row).current && results()->row(row).result->method.id == method.toStdString())
                return row;
        return -1;
    }
    const pikv::EvaluationResult* live(const QString& method)
    {
        const int row = liveRow(method);
        return row < 0 ? nullptr : results()->row(row).result.get();
    }
    QString specText(const char* method) { return QString::fromStdString(pikv::printSpec(specs()->spec(method))); }
};

inline void withFileDialog(const std::function<void(QFileDialog*)>& act)
{
    QTimer::singleShot(0, qApp, [act] {
        for (QWidget* widget : QApplication::topLevelWidgets())
            if (auto* dialog = qobject_cast<QFileDialog*>(widget); dialog && dialog->isVisible())
                return act(dialog);
        qFatal("no file dialog came up");
    });
}
/// Fills the next file dialog with `path` and accepts it.
inline void answerFileDialog(const QString& path)
{
    withFileDialog([path](QFileDialog* dialog) {
        dialog->setOption(QFileDialog::DontConfirmOverwrite);
        dialog->findChild<QLineEdit*>("fileNameEdit")->setText(path);
        QMetaObject::invokeMethod(dialog, "accept");
    });
}
inline void rejectFileDialog()
{
    withFileDialog([](QFileDialog* dialog) { dialog->reject(); });
}

/// Every test starts as on the first day.
inline void forgetSettings()
{
    QSettings().clear();
    QSettings().sync();
}

} // namespace windowfixture
