// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/importance.h"
#include <QWidget>

class QComboBox;
class QFormLayout;
class QLabel;
class QSpinBox;

namespace pikv::ui {

class NumberBox;
class ToldForm;

/// What is open: format, model, shape, sizes; and where token importance comes from.
class DumpPanel : public QWidget {
    Q_OBJECT
public:
    explicit DumpPanel(QWidget* parent = nullptr);

    /// Null: nothing is open. Sources of importance that the dump lacks cannot be chosen.
    void showDump(const CacheInfo* info);
    ImportanceSpec importance() const;
    void setImportance(const ImportanceSpec& spec);

protected:
    void resizeEvent(QResizeEvent* event) override;

Q_SIGNALS:
    /// The user chose another source, level or seed.
    void importanceChanged(const pikv::ImportanceSpec& spec);
    /// All that is told of the dump from now on.
    void toldChanged(const pikv::Told& told);
    void mappingRequested();

private:
    void addField(QFormLayout* form, const QString& title, const char* name);
    void createImportance(QFormLayout* form);
    void showSources(const CacheInfo* info);
    void showImportanceFields();
    void showNotes(bool shown);

    QList<QLabel*> m_fields;
    QComboBox* m_source;
    NumberBox* m_level;
    QSpinBox* m_seed;
    ToldForm* m_told;
};

} // namespace pikv::ui
