// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QFileSystemWatcher>
#include <QFrame>
#include <QTimer>

class QLabel;
class QPushButton;

namespace pikv::ui {

/// Watches the open dump and says, above the charts, that it changed or vanished: a bar, not a dialog.
class FileChangedBar : public QFrame {
    Q_OBJECT
public:
    explicit FileChangedBar(QWidget* parent = nullptr);

    /// Empty: watches nothing.
    void watch(const QString& path);

Q_SIGNALS:
    void reloadRequested();

private:
    void noteChange();

    QFileSystemWatcher m_watcher;
    QTimer m_settle; ///< a file that is being written changes many times
    QString m_path;
    QLabel* m_text;
    QPushButton* m_reload;
};

} // namespace pikv::ui
