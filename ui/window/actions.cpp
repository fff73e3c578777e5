// SPDX-License-Identifier: GPL-3.0-or-later
// One table of every command. Object names are what accessibility tools and recorded sessions find a command by: they
// never change.
#include "ui/window/actions.h"
#include <QUndoStack>
#include <algorithm>

namespace pikv::ui {
namespace {

struct Command {
    Actions::Id id;
    const char *name, *text;
    QKeySequence keys;
    const char* tip = "";
    bool checkable = false;
};

QKeySequence control(Qt::Key key) { return { Qt::CTRL | key }; }
QKeySequence controlShift(Qt::Key key) { return { Qt::CTRL | Qt::SHIFT | key }; }

QList<Command> commands()
{
    const QKeySequence none;
    return {
        { Actions::Open, "actionOpen", QT_TR_NOOP("&Open…"), QKeySequence::Open },
        { Actions::Reload, "actionReload", QT_TR_NOOP("Re&load"), { Qt::Key_F5 } },
        { Actions::MapTensors, "actionMapTensors", QT_TR_NOOP("&Map tensors…"), none,
            QT_TR_NOOP("Say which tensors of a file are keys and values, and what their axes are") },
        { Actions::OpenSession, "actionOpenSession", QT_TR_NOOP("Open s&ession…"), none },
        { Actions::SaveSession, "actionSaveSession", QT_TR_NOOP("Save sess&ion…"), { Qt::CTRL | Qt::ALT | Qt::Key_S } },
        { Actions::Capture, "actionCapture", QT_TR_NOOP("&Capture a text…"), control(Qt::Key_T) },
        { Actions::CaptureTexts, "actionCaptureTexts", QT_TR_NOOP("Capture se&veral texts…"), controlShift(Qt::Key_T),
            QT_TR_NOOP("Make dumps of several texts at several context lengths, and sweep all of them") },
        { Actions::SaveDump, "actionSaveDump", QT_TR_NOOP("Save &dump…"), controlShift(Qt::Key_D) },
        { Actions::Compress, "actionCompress", QT_TR_NOOP("&Save compressed cache…"), QKeySequence::Save },
        { Actions::ExportChart, "actionExportChart", QT_TR_NOOP("E&xport chart…"), control(Qt::Key_E) },
        { Actions::ExportTable, "actionExportTable", QT_TR_NOOP("Export &table…"), controlShift(Qt::Key_E) },
        { Actions::ExportReport, "actionExportReport", QT_TR_NOOP("Export re&port…"), controlShift(Qt::Key_P) },
        { Actions::History, "actionHistory", QT_TR_NOOP("&History…"), control(Qt::Key_H) },
        { Actions::Quit, "actionQuit", QT_TR_NOOP("&Quit"), control(Qt::Key_Q) },
        { Actions::CopyChart, "actionCopyChart", QT_TR_NOOP("&Copy chart"), controlShift(Qt::Key_C) },
        { Actions::CopyTable, "actionCopyTable", QT_TR_NOOP("Copy &table"), { Qt::CTRL | Qt::ALT | Qt::Key_C } },
        { Actions::CopySettings, "actionCopySettings", QT_TR_NOOP("Copy &settings"), controlShift(Qt::Key_S) },
        { Actions::PasteSettings, "actionPasteSettings", QT_TR_NOOP("&Paste settings"), controlShift(Qt::Key_V) },
        { Actions::ResetMethod, "actionResetMethod", QT_TR_NOOP("Reset &method"), control(Qt::Key_0) },
        { Actions::FilterResults, "actionFilterResults", QT_TR_NOOP("&Filter the results"), QKeySequence::Find },
        { Actions::Sweep, "actionSweep", QT_TR_NOOP("&Sweep the checked methods"), control(Qt::Key_R) },
        { Actions::EditSweep, "actionEditSweep", QT_TR_NOOP("&Edit sweep…"), controlShift(Qt::Key_G),
            QT_TR_NOOP("Choose which settings, importance sources and figures a sweep measures") },
        { Actions::EvaluateOver, "actionEvaluateOver", QT_TR_NOOP("E&valuate over several dumps…"), none,
            QT_TR_NOOP(
                "Measure the checked methods as they are on further dumps, too; chart and table have the mean") },
        { Actions::Presets, "actionPresets", QT_TR_NOOP("&Presets…"), { Qt::CTRL | Qt::ALT | Qt::Key_P },
            QT_TR_NOOP("Settings and sweeps by their names: save, use, rename, delete, copy as text") },
        { Actions::LikeForLike, "actionLikeForLike", QT_TR_NOOP("&Like for like…"), none,
            QT_TR_NOOP("Keep the same first and last tokens at 16 bits for every method, or none") },
        { Actions::PauseQueue, "actionPauseQueue", QT_TR_NOOP("Pa&use sweeps"), control(Qt::Key_P),
            QT_TR_NOOP("Begin no further point until this is chosen again; the one that runs comes to its end"), true },
        { Actions::DefaultComparison, "actionDefaultComparison", QT_TR_NOOP("&Default comparison"),
            controlShift(Qt::Key_R) },
        { Actions::Cancel, "actionCancel", QT_TR_NOOP("&Cancel"), { Qt::Key_Escape } },
        { Actions::Calibrate, "actionCalibrate", QT_TR_NOOP("Learn a s&hared calibration…"), none },
        { Actions::AcceptNonFinite, "actionAcceptNonFinite", QT_TR_NOOP("Leave &NaN and infinity out"), none,
            QT_TR_NOOP("Evaluate dumps that hold NaN or infinity; those elements are counted and left out of every "
                       "figure"),
            true },
        { Actions::TimeSeveralTimes, "actionTimeSeveralTimes", QT_TR_NOOP("&Time everything five times"), none,
            QT_TR_NOOP(
                "Encode and decode five times: times are then the median, and tooltip and table tell the fastest "
                "and the slowest"),
            true },
        { Actions::OpenDefaultModel, "actionOpenDefaultModel", QT_TR_NOOP("Open the &default model"), none },
        { Actions::OpenModelFile, "actionOpenModelFile", QT_TR_NOOP("Open a &GGUF file…"), none },
        { Actions::OpenModelFolder, "actionOpenModelFolder", QT_TR_NOOP("Open a &Hugging Face folder…"), none },
        { Actions::ModelState, "actionModelState", "", none },
        { Actions::ThemeSystem, "actionTheme_system", QT_TR_NOOP("&System"), none, "", true },
        { Actions::ThemeLight, "actionTheme_light", QT_TR_NOOP("&Light"), none, "", true },
        { Actions::ThemeDark, "actionTheme_dark", QT_TR_NOOP("&Dark"), none, "", true },
        { Actions::ResetLayout, "actionResetLayout", QT_TR_NOOP("&Reset layout"), none },
        { Actions::Shortcuts, "actionShortcuts", QT_TR_NOOP("&Keyboard shortcuts"), QKeySequence::HelpContents },
        { Actions::About, "actionAbout", QT_TR_NOOP("&About PiKV Explorer"), none },
    };
}

} // namespace

Actions::Actions(QUndoStack* undo, QObject* parent)
    : QObject(parent)
    , m_actions(Count)
{
    for (const Command& command : commands()) {
        auto* action = new QAction(tr(command.text), this);
        action->setObjectName(QLatin1String(command.name));
        action->setShortcut(command.keys);
        action->setStatusTip(*command.tip ? tr(command.tip) : QString());
        action->setCheckable(command.checkable);
        m_actions[command.id] = action;
    }
    m_actions[Undo] = undo->createUndoAction(this, tr("&Undo"));
    m_actions[Undo]->setObjectName(QStringLiteral("actionUndo"));
    m_actions[Undo]->setShortcut(QKeySequence::Undo);
    m_actions[Redo] = undo->createRedoAction(this, tr("&Redo"));
    m_actions[Redo]->setObjectName(QStringLiteral("actionRedo"));
    m_actions[Redo]->setShortcut(QKeySequence::Redo);
    Q_ASSERT(!m_actions.contains(nullptr));
}

QAction* Actions::named(const QString& name) const
{
    const auto at = std::find_if(
        m_actions.begin(), m_actions.end(), [&](const QAction* action) { return action->objectName() == name; });
    return at == m_actions.end() ? nullptr : *at;
}

} // namespace pikv::ui
