// SPDX-License-Identifier: GPL-3.0-or-later
// The registry of the window's commands.
#pragma once
#include <QAction>
#include <QHash>
#include <QObject>

class QUndoStack;

namespace pikv::ui {

/// The window's commands: one QAction each, with its text, shortcut and status tip, which menus, buttons and tests
/// share. What a command does is connected by whoever can do it.
class Actions : public QObject {
    Q_OBJECT
public:
    enum Id {
        Open,
        Reload,
        MapTensors,
        OpenSession,
        SaveSession,
        Capture,
        CaptureTexts,
        SaveDump,
        Compress,
        ExportChart,
        ExportTable,
        ExportReport,
        History,
        Quit,
        Undo,
        Redo,
        CopyChart,
        CopyTable,
        CopySettings,
        PasteSettings,
        ResetMethod,
        FilterResults,
        Sweep,
        EditSweep,
        EvaluateOver,
        DefaultComparison,
        Presets,
        LikeForLike,
        PauseQueue,
        Cancel,
        Calibrate,
        AcceptNonFinite,
        TimeSeveralTimes,
        OpenDefaultModel,
        OpenModelFile,
        OpenModelFolder,
        ModelState,
        ThemeSystem,
        ThemeLight,
        ThemeDark,
        ResetLayout,
        Shortcuts,
        About,
        Count
    };

    explicit Actions(QUndoStack* undo, QObject* parent = nullptr);

    QAction* operator[](Id id) const { return m_actions.at(id); }
    /// By object name ("actionOpen"); null where there is none.
    QAction* named(const QString& name) const;
    const QList<QAction*>& all() const { return m_actions; }

    template <typename Receiver, typename Slot>
    void connectTo(Id id, Receiver* receiver, Slot slot) const
    {
        connect((*this)[id], &QAction::triggered, receiver, slot);
    }

private:
    QList<QAction*> m_actions; ///< by id
};

} // namespace pikv::ui
