// SPDX-License-Identifier: GPL-3.0-or-later
// Shorthands that make parameter descriptions, and the values of a method's parameters.
#include "core/codec/paramspec.h"
#include "core/base/error.h"
#include <algorithm>
#include <stdexcept>

namespace pikv {

namespace param {
namespace {
ParamSpec base(std::string name, std::string label, ParamType type, ParamValue value, std::string help)
{
    ParamSpec spec;
    spec.name = std::move(name);
    spec.label = std::move(label);
    spec.type = type;
    spec.defaultValue = std::move(value);
    spec.help = std::move(help);
    return spec;
}
ParamSpec ranged(ParamSpec spec, double minimum, double maximum, double step, std::string unit, ParamScale scale)
{
    spec.minimum = minimum;
    spec.maximum = maximum;
    spec.step = step;
    spec.unit = std::move(unit);
    spec.scale = scale;
    return spec;
}
}

ParamSpec integer(std::string name, std::string label, std::int64_t value, std::int64_t minimum, std::int64_t maximum,
    std::string unit, std::string help, ParamScale scale)
{
    return ranged(base(std::move(name), std::move(label), ParamType::Int, value, std::move(help)), double(minimum),
        double(maximum), 1, std::move(unit), scale);
}

ParamSpec oneOf(std::string name, std::string label, std::int64_t value, std::vector<std::int64_t> values,
    std::string unit, std::string help)
{
    ParamSpec spec = integer(std::move(name), std::move(label), value, values.front(), values.back(), std::move(unit),
        std::move(help), ParamScale::Linear);
    for (std::int64_t v : values)
        spec.choices.push_back(std::to_string(v));
    return spec;
}

ParamSpec real(std::string name, std::string label, double value, double minimum, double maximum, double step,
    std::string unit, std::string help, ParamScale scale)
{
    return ranged(base(std::move(name), std::move(label), ParamType::Real, value, std::move(help)), minimum, maximum,
        step, std::move(unit), scale);
}

ParamSpec boolean(std::string name, std::string label, bool value, std::string help)
{
    return base(std::move(name), std::move(label), ParamType::Bool, value, std::move(help));
}

ParamSpec choice(
    std::string name, std::string label, std::string value, std::vector<std::string> choices, std::string help)
{
    ParamSpec spec = base(std::move(name), std::move(label), ParamType::Choice, std::move(value), std::move(help));
    spec.choices = std::move(choices);
    return spec;
}

ParamSpec integers(std::string name, std::string label, std::vector<std::int64_t> value, std::int64_t minimum,
    std::int64_t maximum, std::string unit, std::string help)
{
    return ranged(base(std::move(name), std::move(label), ParamType::IntList, std::move(value), std::move(help)),
        double(minimum), double(maximum), 1, std::move(unit), ParamScale::Linear);
}

ParamSpec reals(std::string name, std::string label, std::vector<double> value, double minimum, double maximum,
    double step, std::string unit, std::string help)
{
    return ranged(base(std::move(name), std::move(label), ParamType::RealList, std::move(value), std::move(help)),
        minimum, maximum, step, std::move(unit), ParamScale::Linear);
}

ParamSpec file(std::string name, std::string label, std::string help)
{
    return base(std::move(name), std::move(label), ParamType::File, std::string(), std::move(help));
}

ParamSpec model(std::string help)
{
    ParamSpec spec = file(
        "model", "Model", "A GGUF file, a Hugging Face folder, or nothing for the default model" + std::move(help));
    spec.isModel = true;
    return spec;
}

ParamSpec sinks(std::int64_t value, std::string help)
{
    return folded(integer("sinks", "Protected sinks", value, 0, 1024, "tokens", std::move(help)));
}

ParamSpec folded(ParamSpec spec)
{
    spec.advanced = true;
    return spec;
}
} // namespace param

ParamSet::ParamSet(const std::vector<ParamSpec>& specs)
{
    for (const ParamSpec& spec : specs)
        m_values.emplace(spec.name, spec.defaultValue);
}

const ParamValue& ParamSet::value(const std::string& name) const
{
    const auto at = m_values.find(name);
    if (at == m_values.end())
        throw std::logic_error("no parameter '" + name + "'");
    return at->second;
}

std::int64_t ParamSet::integer(const std::string& name) const { return std::get<std::int64_t>(value(name)); }
double ParamSet::real(const std::string& name) const { return std::get<double>(value(name)); }
bool ParamSet::boolean(const std::string& name) const { return std::get<bool>(value(name)); }
const std::string& ParamSet::text(const std::string& name) const { return std::get<std::string>(value(name)); }
const std::vector<std::int64_t>& ParamSet::integers(const std::string& name) const
{
    return std::get<std::vector<std::int64_t>>(value(name));
}
const std::vector<double>& ParamSet::reals(const std::string& name) const
{
    return std::get<std::vector<double>>(value(name));
}

} // namespace pikv
