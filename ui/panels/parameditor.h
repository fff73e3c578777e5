// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/paramspec.h"
#include <QWidget>

namespace pikv::ui {

/// The control of one parameter, made from its spec. Only the user's edits are announced.
class ParamEditor : public QWidget {
    Q_OBJECT
public:
    /// `methodId` names the method in error texts.
    static ParamEditor* create(const QString& methodId, const ParamSpec& spec, QWidget* parent);

    const ParamSpec& spec() const { return m_spec; }
    /// Shows a value without announcing it.
    virtual void setValue(const ParamValue& value) = 0;
    /// The largest value that the open dump allows; a control with a range may end there.
    virtual void setReach(double) { }
    /// The widget that a label's mnemonic leads to.
    virtual QWidget* buddy() = 0;

Q_SIGNALS:
    void edited(const pikv::ParamValue& value);
    /// A drag or a typed entry ended: the next edit is another step of undo.
    void committed();

protected:
    ParamEditor(const ParamSpec& spec, QWidget* parent);
    /// Object and accessible names of a control: param_<name>_<part>.
    void name(QWidget* control, const char* part);

private:
    ParamSpec m_spec;
};

} // namespace pikv::ui
