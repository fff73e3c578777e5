// SPDX-License-Identifier: GPL-3.0-or-later
// The page resources/docs/methods.md, written from the registry.
#include "app/cli/methodspage.h"
#include "app/cli/output.h"
#include "core/eval/calibrate.h"
#include "core/eval/figuretext.h"

namespace pikv::cli {
namespace {

std::string joined(const std::vector<std::string>& parts)
{
    std::string text;
    for (const std::string& part : parts)
        text += (text.empty() ? "" : ", ") + part;
    return text;
}

bool isCommon(const ParamSpec& spec)
{
    for (const ParamSpec& common : commonParams())
        if (common.name == spec.name && common.help == spec.help && common.defaultValue == spec.defaultValue)
            return true;
    return false;
}

std::string cell(std::string text)
{
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2)
        text.insert(at, "\\");
    return text;
}

std::string paramTable(const std::vector<ParamSpec>& params)
{
    std::string text = "\n| parameter | default | values | unit | meaning |\n| --- | --- | --- | --- | --- |\n";
    for (const ParamSpec& spec : params) {
        const std::string value = printParam(spec.defaultValue);
        text += "| `" + spec.name + "` | " + (value.empty() ? "none" : "`" + value + "`") + " | "
            + cell(boundsText(spec)) + " | " + cell(spec.unit) + " | " + cell(spec.help) + " |\n";
    }
    return text;
}

std::string methodSection(const MethodInfo& method)
{
    std::string text = "\n### " + method.label + " (`" + method.id + "`)\n\n" + method.sentence + "\n";
    if (!method.reference.empty() && method.reference != "none")
        text += "\nSource: " + method.reference + ".\n";
    if (!method.published.says.empty())
        text += "\nAs published: " + method.published.says + "\n";
    if (!method.sweep.empty())
        text += "\nDefault sweep: `" + method.id + ":" + method.sweep + "`.\n";
    if (canCalibrate(method.id))
        text += "\nCan be learned on other caches: `pikv calibrate --with " + method.id + "`.\n";
    const std::vector<ParamSpec> own = ownParams(method);
    return own.empty() ? text : text + paramTable(own);
}

} // namespace

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

std::vector<ParamSpec> ownParams(const MethodInfo& method)
{
    std::vector<ParamSpec> own;
    for (const ParamSpec& spec : method.params)
        if (!isCommon(spec))
            own.push_back(spec);
    return own;
}

std::string methodsPage()
{
    std::string text
        = "<!-- Written by packaging/update-docs from the registry; edit the methods' own files instead. -->\n"
          "# Methods\n\nA configured method is written `id:parameter=value,parameter=value`, for example "
          "`lora:rank=16`; what is not given has its default.\n";
    std::string family;
    for (const MethodInfo& method : Registry::instance().methods()) {
        if (method.family != family)
            text += "\n## " + method.family + "\n";
        family = method.family;
        text += methodSection(method);
    }
    return text + "\n## Parameters of every method\n" + paramTable(commonParams());
}

} // namespace pikv::cli
