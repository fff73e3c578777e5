// SPDX-License-Identifier: GPL-3.0-or-later
// What a parameter is: one description, from which form, command line, CSV and documentation follow.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pikv {

enum class ParamType { Int, Real, Bool, Choice, IntList, RealList, File };
enum class ParamScale { Linear, Log };

using ParamValue
    = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>>;

/// One parameter of a method. Form, command line, CSV, docs page and tests follow from it.
struct ParamSpec {
    std::string name; ///< as in a spec: "code_bits"
    std::string label; ///< as in the form: "Code bits"
    ParamType type = ParamType::Int;
    ParamValue defaultValue;
    double minimum = 0, maximum = 0, step = 1; ///< of a number, or of every entry of a list
    ParamScale scale = ParamScale::Linear;
    std::string unit; ///< "bits", "tokens"; "" for none
    std::string help; ///< one sentence
    std::vector<std::string> choices; ///< of Choice; of Int: the only values allowed, if any
    int maxLength = 8; ///< of a list
    bool advanced = false; ///< folded away in the form
    bool isTail = false; ///< last tokens that the method itself keeps at 16 bits: withProtectedTokens()
    bool isModel = false; ///< of File: the language model that encode and decode need (modelOfParam())
};

/// Shorthands for registration files.
namespace param {
ParamSpec integer(std::string name, std::string label, std::int64_t value, std::int64_t minimum, std::int64_t maximum,
    std::string unit, std::string help, ParamScale scale = ParamScale::Linear);
/// An int that takes only the listed values, such as bit widths {2, 4, 8, 16}.
ParamSpec oneOf(std::string name, std::string label, std::int64_t value, std::vector<std::int64_t> values,
    std::string unit, std::string help);
ParamSpec real(std::string name, std::string label, double value, double minimum, double maximum, double step,
    std::string unit, std::string help, ParamScale scale = ParamScale::Linear);
ParamSpec boolean(std::string name, std::string label, bool value, std::string help);
ParamSpec choice(
    std::string name, std::string label, std::string value, std::vector<std::string> choices, std::string help);
ParamSpec integers(std::string name, std::string label, std::vector<std::int64_t> value, std::int64_t minimum,
    std::int64_t maximum, std::string unit, std::string help);
ParamSpec reals(std::string name, std::string label, std::vector<double> value, double minimum, double maximum,
    double step, std::string unit, std::string help);
ParamSpec file(std::string name, std::string label, std::string help);
/// The parameter `model`; `help` goes on behind "…, or nothing for the default model".
ParamSpec model(std::string help);
/// The common parameter `sinks`, of methods that protect some by themselves and say why.
ParamSpec sinks(std::int64_t value, std::string help);
/// Folded away in the form.
ParamSpec folded(ParamSpec spec);
}

/// Throws Error{Usage} naming the parameter, its bounds and what was given.
void checkParam(const std::string& method, const ParamSpec& spec, const ParamValue& value);
/// Reads the text form of a value ("8", "0.5", "true", "head", "[4,8,16]"); checks type and bounds.
ParamValue parseParam(const std::string& method, const ParamSpec& spec, std::string_view text);
/// Shortest text that parses back to the same value.
std::string printParam(const ParamValue& value);

/// Values by name; always complete: what is not given has its default.
class ParamSet {
public:
    ParamSet() = default;
    /// All defaults of `specs`.
    explicit ParamSet(const std::vector<ParamSpec>& specs);

    bool has(const std::string& name) const { return m_values.contains(name); }
    const ParamValue& value(const std::string& name) const;
    void set(const std::string& name, ParamValue value) { m_values[name] = std::move(value); }

    std::int64_t integer(const std::string& name) const;
    double real(const std::string& name) const;
    bool boolean(const std::string& name) const;
    const std::string& text(const std::string& name) const; ///< of Choice and File
    const std::vector<std::int64_t>& integers(const std::string& name) const;
    const std::vector<double>& reals(const std::string& name) const;

    bool operator==(const ParamSet&) const = default;

private:
    std::map<std::string, ParamValue> m_values;
};

} // namespace pikv
