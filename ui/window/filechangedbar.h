// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/window/noticebar.h"
#include <QFileSystemWatcher>
#include <QTimer>

namespace pikv::ui {

/// Watches the open dump and says, above the charts, that it changed or vanished.
class FileChangedBar : public NoticeBar {
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
};

} // namespace pikv::ui
