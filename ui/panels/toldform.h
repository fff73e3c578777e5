// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cacheinfo.h"
#include <QWidget>

class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QToolButton;

namespace pikv::ui {

/// What the user can say of the open dump: which of several caches, how its heads are cut, how its keys were rotated.
class ToldForm : public QWidget {
    Q_OBJECT
public:
    explicit ToldForm(QWidget* parent = nullptr);

    /// Null: nothing is open. Of a cache that is in memory, or compressed, nothing can be told.
    void showDump(const CacheInfo* info);

Q_SIGNALS:
    /// All that is told from now on.
    void toldChanged(const pikv::Told& told);
    /// The user wants to say which tensors are keys and values.
    void mappingRequested();

private:
    QComboBox* addChoice(const QString& title, const char* name, const char* id);
    QLineEdit* addText(const QString& title, const char* name, const char* id);
    void createButtons();
    void tell(const std::string& id, const QWidget* field, const QString& text);
    void showParts(const CacheInfo& info);
    void showHeads(const CacheInfo& info);
    void showCorrections();
    void showProblem(const QString& message);

    QFormLayout* m_form;
    QComboBox *m_part, *m_headDim, *m_keys, *m_layout, *m_scaling;
    QLineEdit *m_theta, *m_model;
    QLabel *m_told, *m_problem;
    QPushButton *m_forget, *m_map;
    QToolButton* m_correct;
    QWidget* m_buttons;
    Told m_all; ///< what is told of the open dump
    bool m_canTell = false;
};

} // namespace pikv::ui
