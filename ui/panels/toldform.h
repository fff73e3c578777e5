// SPDX-License-Identifier: GPL-3.0-or-later
// The form of what is told of the open dump.
#pragma once
#include "core/cache/cacheinfo.h"
#include <QWidget>
#include <string>
#include <vector>

class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QToolButton;

namespace pikv {
struct ToldEntry;
}

namespace pikv::ui {

/// What the user can say of the open dump: which of several caches, how its heads are cut, how its keys
/// were rotated: a field for each of toldEntries() that has a title.
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
    struct Field {
        std::string id; ///< of its entry
        QWidget* widget; ///< a box of choices, or a text
        bool isOffered; ///< its choices come from the dump
    };
    void createFields(bool offered);
    QComboBox* createBox(const ToldEntry& entry);
    QLineEdit* createText(const ToldEntry& entry);
    QComboBox* offered(const char* id) const;
    void createButtons();
    void tell(const std::string& id, const QWidget* field, const QString& text);
    void showParts(const CacheInfo& info);
    void showHeads(const CacheInfo& info);
    void showCorrections();
    void showProblem(const QString& message);

    QFormLayout* m_form;
    std::vector<Field> m_fields; ///< one for each of toldEntries() that has a title
    QLabel *m_told, *m_problem;
    QPushButton *m_forget, *m_map;
    QToolButton* m_correct;
    QWidget* m_buttons;
    Told m_all; ///< what is told of the open dump
    bool m_canTell = false;
};

} // namespace pikv::ui
