// SPDX-License-Identifier: GPL-3.0-or-later
// Slider and box of a number. The slider's scale is linear in steps, or logarithmic; the box is exact.
#include "ui/panels/numbereditor.h"
#include "ui/panels/numberbox.h"
#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QSlider>
#include <algorithm>
#include <cmath>

namespace pikv::ui {
namespace {

constexpr int fineSteps = 1000;
constexpr double wideRange = 2000; ///< linear ranges beyond it get a logarithmic slider all the same

int decimalsOf(double step)
{
    int decimals = 0;
    for (; decimals < 6 && std::abs(step * std::pow(10, decimals) - std::round(step * std::pow(10, decimals))) > 1e-9;)
        ++decimals;
    return decimals;
}

} // namespace

bool NumberEditor::isLog() const
{
    return spec().scale == ParamScale::Log || (spec().maximum - spec().minimum) / spec().step > wideRange;
}

NumberEditor::NumberEditor(const ParamSpec& spec, QWidget* parent)
    : ParamEditor(spec, parent)
    , m_slider(new QSlider(Qt::Horizontal, this))
    , m_spin(new NumberBox(QString::fromStdString(spec.label), this))
    , m_offset(spec.minimum > 0 ? 0 : 1 - spec.minimum)
    , m_reach(spec.maximum)
{
    name(m_slider, "slider");
    name(m_spin, "spin");
    scaleSlider();
    m_slider->setMinimumWidth(fontMetrics().averageCharWidth() * 6);
    m_spin->setDecimals(isInt() ? 0 : decimalsOf(spec.step));
    m_spin->setRange(spec.minimum, spec.maximum);
    m_spin->setSingleStep(spec.step);
    m_spin->setAlignment(Qt::AlignRight);
    showUnit();
    m_spin->setHelp(QString::fromStdString(spec.help));
    m_slider->setToolTip(m_spin->toolTip());
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_slider, 1);
    layout->addWidget(m_spin);
    connect(m_slider, &QSlider::actionTriggered, this, &NumberEditor::skipToNextValue);
    connect(m_slider, &QSlider::valueChanged, this, &NumberEditor::slide);
    connect(m_slider, &QSlider::sliderReleased, this, &NumberEditor::committed);
    connect(m_spin, &QDoubleSpinBox::valueChanged, this, &NumberEditor::type);
    connect(m_spin, &QDoubleSpinBox::editingFinished, this, &NumberEditor::committed);
}

QWidget* NumberEditor::buddy() { return m_spin; }

/// "1 token", "2 tokens".
void NumberEditor::showUnit()
{
    QString unit = QString::fromStdString(spec().unit);
    if (unit.isEmpty())
        return;
    if (m_spin->value() == 1 && unit.endsWith(QLatin1Char('s')) && unit.size() > 1)
        unit.chop(1);
    if (const QString suffix = QLatin1Char(' ') + unit; suffix != m_spin->suffix())
        m_spin->setSuffix(suffix);
}

void NumberEditor::scaleSlider()
{
    m_slider->setRange(0, isLog() ? fineSteps : int(std::lround((m_reach - spec().minimum) / spec().step)));
    m_slider->setPageStep(std::max(1, m_slider->maximum() / 10));
}

void NumberEditor::setReach(double maximum)
{
    if (maximum == m_reach || m_slider->isSliderDown()) // a scale that moves under the mouse would take the value along
        return;
    const QSignalBlocker blocker(m_slider);
    m_reach = maximum;
    scaleSlider();
    m_slider->setValue(positionOf(m_spin->value()));
}

double NumberEditor::valueAt(int position) const
{
    double value;
    if (isLog()) {
        const double low = std::log(spec().minimum + m_offset), high = std::log(m_reach + m_offset);
        value = std::exp(low + (high - low) * position / fineSteps) - m_offset;
        const double step = isInt()
            ? spec().step
            : std::max(spec().step, std::pow(10, std::floor(std::log10(std::abs(value) + 1e-12)) - 1));
        value = std::round(value / step) * step;
    } else {
        value = spec().minimum + position * spec().step;
    }
    return std::clamp(value, spec().minimum, m_reach);
}

int NumberEditor::positionOf(double value) const
{
    if (!isLog())
        return int(std::lround((value - spec().minimum) / spec().step));
    const double low = std::log(spec().minimum + m_offset), high = std::log(m_reach + m_offset);
    return int(std::lround((std::log(value + m_offset) - low) / (high - low) * fineSteps));
}

/// A key or the wheel reaches another value: a step of a logarithmic slider is less than a small whole number's.
void NumberEditor::skipToNextValue()
{
    int position = m_slider->sliderPosition(); // where the action leads; value() is still where it came from
    if (m_slider->isSliderDown() || position == m_slider->value())
        return;
    const int direction = position > m_slider->value() ? 1 : -1,
              end = direction > 0 ? m_slider->maximum() : m_slider->minimum();
    while (position != end && std::abs(valueAt(position) - m_spin->value()) < spec().step / 2)
        position += direction;
    m_slider->setSliderPosition(position);
}

void NumberEditor::slide(int position)
{
    const double before = m_spin->value();
    {
        const QSignalBlocker blocker(m_spin);
        m_spin->setValue(valueAt(position));
    }
    if (m_spin->value() == before)
        return;
    announce(m_spin->value()); // without the noise of valueAt()
    if (!m_slider->isSliderDown())
        Q_EMIT committed();
}

void NumberEditor::type(double value)
{
    {
        const QSignalBlocker blocker(m_slider);
        m_slider->setValue(positionOf(value));
    }
    announce(value);
}

void NumberEditor::announce(double value)
{
    showUnit();
    if (isInt())
        Q_EMIT edited(static_cast<std::int64_t>(std::llround(value)));
    else
        Q_EMIT edited(value);
}

void NumberEditor::setValue(const ParamValue& value)
{
    const double number = isInt() ? double(std::get<std::int64_t>(value)) : std::get<double>(value);
    const QSignalBlocker blockSpin(m_spin), blockSlider(m_slider);
    if (m_spin->value() != number)
        m_spin->setValue(number);
    showUnit();
    if (!m_slider->isSliderDown())
        m_slider->setValue(positionOf(number));
}

} // namespace pikv::ui
