// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/study/presets.h"
#include <QDialog>
#include <functional>

class QLabel;
class QLineEdit;
class QListWidget;
class QListWidgetItem;
class QPushButton;

namespace pikv::ui {

/// Settings and sweeps by their names: those of the program and the user's own. Changes are in the store at once.
class PresetsDialog : public QDialog {
    Q_OBJECT
public:
    /// `present`: what is on screen now, under a name.
    explicit PresetsDialog(std::function<Preset(const QString& name)> present, QWidget* parent = nullptr);

Q_SIGNALS:
    void chosen(const pikv::Preset& preset);

private:
    void createList();
    QPushButton* addButton(const QString& text, const char* name, const QString& tip);
    /// Does `what` and lists anew; what is wrong is said.
    void attempt(const std::function<void()>& what);
    void reload(const QString& current);
    const Preset* current() const;
    void savePresent();
    void rename(QListWidgetItem* item);
    void removeCurrent();
    void useCurrent();
    void copyCurrent();
    void paste();
    void showCurrent();
    void say(const QString& text, bool isProblem);

    std::function<Preset(const QString&)> m_present;
    std::vector<Preset> m_presets; ///< in the list's order
    QListWidget* m_list;
    QLineEdit* m_name;
    QLabel *m_about, *m_state;
    QPushButton *m_save = nullptr, *m_use = nullptr, *m_rename = nullptr, *m_remove = nullptr, *m_copy = nullptr,
                *m_paste = nullptr;
};

} // namespace pikv::ui
