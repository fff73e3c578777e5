// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/panels/parameditor.h"

class QSlider;

namespace pikv::ui {

class NumberBox;

/// Slider and spin box for an int or a real. The slider runs in steps of the spec, or in 1,000 steps of equal ratio
/// where the scale is logarithmic.
class NumberEditor : public ParamEditor {
    Q_OBJECT
public:
    NumberEditor(const ParamSpec& spec, QWidget* parent);

    void setValue(const ParamValue& value) override;
    /// The slider ends there; the spin box takes more, and the method then says what its bound is.
    void setReach(double maximum) override;
    QWidget* buddy() override;

private:
    void scaleSlider();
    void showUnit();
    void skipToNextValue();
    void slide(int position);
    void type(double value);
    void announce(double value);
    int positionOf(double value) const;
    double valueAt(int position) const;
    bool isLog() const;
    bool isInt() const { return spec().type == ParamType::Int; }

    QSlider* m_slider;
    NumberBox* m_spin;
    double m_offset = 0; ///< added before the logarithm, so that a range may begin at 0
    double m_reach; ///< value at the slider's right end
};

} // namespace pikv::ui
