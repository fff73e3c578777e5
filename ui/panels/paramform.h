// SPDX-License-Identifier: GPL-3.0-or-later
// The form of the selected method.
#pragma once
#include "core/cache/cacheinfo.h"
#include "core/codec/methodspec.h"
#include <QHash>
#include <QScrollArea>

class QGridLayout;
class QLabel;
class QLineEdit;
class QToolButton;
class QUndoStack;

namespace pikv::ui {

class ParamEditor;
class SpecStore;

/// The form of one method, made from its parameter specs. Every edit goes through the undo stack into the store.
class ParamForm : public QScrollArea {
    Q_OBJECT
public:
    ParamForm(SpecStore* store, QUndoStack* undo, QWidget* parent = nullptr);

    QString method() const { return m_method; }
    /// The dump whose shapes bound the sliders.
    void setCache(const CacheInfo& info);
    /// Takes settings over, as one step of undo; switches to their method.
    void adopt(const MethodSpec& spec);
    void setMethod(const QString& methodId);

public Q_SLOTS:
    /// All parameters of the method back to their defaults, as one step of undo.
    void resetAll();
    void copySettings();
    /// Takes a spec ("lora:rank=16") from the clipboard; switches the method where it names another. A preset's text is
    /// not this form's business: presetPasted().
    void pasteSettings();

Q_SIGNALS:
    void methodRequested(const QString& methodId);
    /// Text that is no spec, with the reason.
    void refused(const QString& message);
    void presetPasted(const QString& text);

protected:
    void changeEvent(QEvent* event) override;

private:
    void build();
    void addHeader(QGridLayout* grid);
    void addRow(QGridLayout* grid, const ParamSpec& spec);
    void addAdvanced(QGridLayout* grid);
    void addFooter(QGridLayout* grid);
    void edit(const ParamSpec& spec, const ParamValue& value);
    void showReach();
    void applyText(const QString& text);
    void showSpec();

    SpecStore* m_store;
    QUndoStack* m_undo;
    CacheInfo m_cache;
    QString m_method;
    QHash<QString, ParamEditor*> m_editors;
    QHash<QString, QToolButton*> m_resets;
    QList<QWidget*> m_advancedWidgets;
    QLineEdit* m_text = nullptr;
    quint64 m_session = 0; ///< grows when a drag ends
    bool m_showAdvanced = false;
};

} // namespace pikv::ui
