// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/output.h"
#include "app/cli/session.h"
#include "app/cli/texttable.h"
#include "core/codec/registry.h"
#include "core/eval/resultsio.h"
#include <memory>

namespace pikv::cli {
namespace {

std::string joined(const std::vector<std::string>& parts)
{
    std::string text;
    for (const std::string& part : parts)
        text += (text.empty() ? "" : ", ") + part;
    return text;
}

std::string boundsText(const ParamSpec& spec)
{
    if (!spec.choices.empty())
        return joined(spec.choices);
    switch (spec.type) {
    case ParamType::Bool:
        return "true, false";
    case ParamType::File:
        return "a file";
    case ParamType::IntList:
    case ParamType::RealList:
        return "up to " + std::to_string(spec.maxLength) + " of " + figureText(spec.minimum) + " to "
            + figureText(spec.maximum);
    default:
        return printParam(
                   spec.type == ParamType::Int ? ParamValue(std::int64_t(spec.minimum)) : ParamValue(spec.minimum))
            + " to "
            + printParam(
                spec.type == ParamType::Int ? ParamValue(std::int64_t(spec.maximum)) : ParamValue(spec.maximum));
    }
}

std::string paramTable(const std::vector<ParamSpec>& params)
{
    TextTable table({ "parameter", "<default", "<values", "<unit", "<meaning" });
    for (const ParamSpec& spec : params) {
        const std::string value = printParam(spec.defaultValue);
        table.add({ spec.name, value.empty() ? "none" : value, boundsText(spec), spec.unit, spec.help });
    }
    return table.text("    ");
}

/// A method may have a common parameter with a default of its own; that one is shown with the method.
bool isCommon(const ParamSpec& spec)
{
    for (const ParamSpec& common : commonParams())
        if (common.name == spec.name && common.help == spec.help && common.defaultValue == spec.defaultValue)
            return true;
    return false;
}

std::string methodText(const MethodInfo& method)
{
    std::string text = "  " + method.id + ": " + method.sentence + "\n";
    if (!method.reference.empty())
        text += "    Source: " + method.reference + "\n";
    if (!method.sweep.empty())
        text += "    Default sweep: " + method.id + ":" + method.sweep + "\n";
    std::vector<ParamSpec> own;
    for (const ParamSpec& spec : method.params)
        if (!isCommon(spec))
            own.push_back(spec);
    return text + (own.empty() ? "" : paramTable(own)) + "\n";
}

std::string listText()
{
    std::string text, family;
    for (const MethodInfo& method : Registry::instance().methods()) {
        if (method.family != family)
            text += method.family + "\n";
        family = method.family;
        text += methodText(method);
    }
    return text + "Parameters of every method\n" + paramTable(commonParams());
}

Command::Action addOptions(CLI::App& app)
{
    const auto method = std::make_shared<std::string>();
    const auto json = std::make_shared<bool>(false);
    app.add_option("METHOD", *method, "Show this method only");
    app.add_flag("--json", *json, "Print every method as JSON")->excludes("METHOD");
    return [method, json](Session&) {
        if (*json)
            writeOutput(registryToJson());
        else
            writeOutput(method->empty() ? listText() : methodText(Registry::instance().get(*method)));
    };
}

const Command command { 10, "list", "Show the methods with their parameters, bounds and defaults", addOptions };

} // namespace
} // namespace pikv::cli
