// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QString>
#include <functional>

namespace pikv::ui {

/// A captured dump is nowhere but in memory until it is saved. Knows whether the open dump is such a one, whether it is
/// being saved, and what waits until it is; asks nothing and writes nothing itself.
class UnsavedCapture : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    bool isUnsaved() const { return m_unsaved; }
    /// Another dump is open; `captured`: from a model, not from a file. Nothing waits any more.
    void takeDump(bool captured);
    /// The user lets it go.
    void discard();
    /// To be done once the next saving has succeeded; forgotten where it fails or is cancelled.
    void setAfterSave(std::function<void()> then) { m_afterSave = std::move(then); }
    void noteSaving() { m_saving = m_unsaved; }
    /// It is a file now: does what waits.
    void noteSaved(const QString& path);
    /// The file that the open dump was saved as last; "" for none.
    QString savedAs() const { return m_savedAs; }
    void noteNotSaved();

Q_SIGNALS:
    /// isUnsaved() or savedAs() is another.
    void changed();

private:
    void setUnsaved(bool unsaved);

    bool m_unsaved = false, m_saving = false;
    QString m_savedAs;
    std::function<void()> m_afterSave;
};

} // namespace pikv::ui
