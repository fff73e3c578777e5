// SPDX-License-Identifier: GPL-3.0-or-later
// What tests of sweeps, their queue and presets share.
#pragma once
#include "core/study/sweep.h"
#include "windowfixture.h"
#include <QAbstractButton>
#include <QDialog>

namespace windowfixture {

/// A data folder of the test's own for as long as it lives: presets are kept there.
class OwnData {
public:
    OwnData()
        : m_before(qgetenv("XDG_DATA_HOME"))
    {
        qputenv("XDG_DATA_HOME", m_folder.path().toLocal8Bit());
    }
    ~OwnData()
    {
        if (m_before.isNull())
            qunsetenv("XDG_DATA_HOME");
        else
            qputenv("XDG_DATA_HOME", m_before);
    }
    OwnData(const OwnData&) = delete;
    OwnData& operator=(const OwnData&) = delete;

private:
    QByteArray m_before;
    QTemporaryDir m_folder;
};

template <typename T>
T* in(const QWidget* parent, const char* name)
{
    T* found = parent->findChild<T*>(QLatin1String(name));
    if (!found)
        qFatal("there is no %s", name);
    return found;
}

/// Waits for it; null where it does not come.
inline QDialog* dialogOf(Window& window, const char* name)
{
    QDialog* found = nullptr;
    const bool isThere = QTest::qWaitFor(
        [&] { return (found = window.findChild<QDialog*>(QLatin1String(name))) && found->isVisible(); });
    return isThere ? found : nullptr;
}

inline void click(QWidget* widget) { QTest::mouseClick(widget, Qt::LeftButton); }

/// Specs of the table's rows, with their importance where they have one.
inline QStringList shown(Window& window)
{
    QStringList list;
    for (int row = 0; row < window.results()->resultCount(); ++row) {
        const pikv::EvaluationResult& result = *window.results()->row(row).result;
        list << QString::fromStdString(pikv::pointText({ result.method, result.importance }));
    }
    return list;
}

} // namespace windowfixture
