// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QListWidget>
#include <QStringList>

class QPushButton;

namespace pikv::ui {

/// Files by their names, each once; absolute paths in tooltips.
class PathList : public QListWidget {
    Q_OBJECT
public:
    explicit PathList(QWidget* parent = nullptr);

    QStringList paths() const;
    void addPaths(const QStringList& paths);
    /// A button that removes what is selected.
    QPushButton* createRemoveButton(const QString& objectName);

Q_SIGNALS:
    void pathsChanged();
};

} // namespace pikv::ui
