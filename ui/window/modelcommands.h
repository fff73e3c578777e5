// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>

class QAction;
class QLabel;
class QMenu;
class QWidget;

namespace pikv::ui {

class CaptureDialog;
class CaptureDialogBase;
class FileCommands;
class Session;

/// The language model of the window: opened from a menu, named in the status bar, asked to capture a text.
class ModelCommands : public QObject {
    Q_OBJECT
public:
    /// Shows in `state` what is open, and fills `installed` with the models of the user's folder.
    ModelCommands(Session* session, FileCommands* files, QMenu* installed, QAction* state, QWidget* window);

    /// For the status bar: the open model's name; hidden where none is open.
    QLabel* nameLabel() const { return m_name; }

public Q_SLOTS:
    void openDefault();
    void openFile();
    void openFolder();
    /// A dialog that stays open while the model reads; the dump is open once it is accepted. Whoever calls has seen to
    /// a capture before it.
    void captureText();
    /// The same for several texts at several contexts, written as files.
    void captureTexts();
    /// What is installed may be different by now.
    void refresh();

Q_SIGNALS:
    /// The captured dump is to be saved, too.
    void saveWanted();
    void dumpsCaptured(const QStringList& paths);

private:
    void ask(CaptureDialogBase* dialog);
    void showModel();
    void adopt(CaptureDialog* dialog);

    Session* m_session;
    FileCommands* m_files;
    QMenu* m_installed;
    QAction* m_state;
    QLabel* m_name;
    QWidget* m_window;
};

} // namespace pikv::ui
