// SPDX-License-Identifier: GPL-3.0-or-later
// pikv list: the methods with their parameters, from the registry.
#include "app/cli/command.h"
#include "app/cli/formatspage.h"
#include "app/cli/invocation.h"
#include "app/cli/methodspage.h"
#include "app/cli/metricspage.h"
#include "app/cli/output.h"
#include "app/cli/texttable.h"
#include "core/codec/registry.h"
#include "core/eval/resultsio.h"
#include <memory>

namespace pikv::cli {
namespace {

std::string paramTable(const std::vector<ParamSpec>& params)
{
    TextTable table({ "parameter", "<default", "<values", "<unit", "<meaning" });
    for (const ParamSpec& spec : params) {
        const std::string value = printParam(spec.defaultValue);
        table.add({ spec.name, value.empty() ? "none" : value, boundsText(spec), spec.unit, spec.help });
    }
    return table.text("    ");
}

std::string methodText(const MethodInfo& method)
{
    std::string text = "  " + method.id + ": " + method.sentence + "\n";
    if (!method.reference.empty())
        text += "    Source: " + method.reference + "\n";
    if (!method.published.says.empty())
        text += "    As published: " + method.published.says + "\n";
    if (!method.sweep.empty())
        text += "    Default sweep: " + method.id + ":" + method.sweep + "\n";
    const std::vector<ParamSpec> own = ownParams(method);
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
    const auto markdown = std::make_shared<bool>(false);
    app.add_flag("--markdown", *markdown, "Print the page resources/docs/methods.md")
        ->excludes("METHOD")
        ->excludes("--json");
    const auto metrics = std::make_shared<bool>(false);
    app.add_flag("--metrics", *metrics, "Print every figure with its meaning: the page resources/docs/metrics.md")
        ->excludes("METHOD")
        ->excludes("--json")
        ->excludes("--markdown");
    const auto formats = std::make_shared<bool>(false);
    app.add_flag("--formats", *formats, "Print every file format: the page resources/docs/formats.md")
        ->excludes("METHOD")
        ->excludes("--json")
        ->excludes("--markdown")
        ->excludes("--metrics");
    return [method, json, markdown, metrics, formats](Invocation&) {
        if (*json)
            writeOutput(registryToJson());
        else if (*markdown)
            writeOutput(methodsPage());
        else if (*metrics)
            writeOutput(metricsPage());
        else if (*formats)
            writeOutput(formatsPage());
        else
            writeOutput(method->empty() ? listText() : methodText(Registry::instance().get(*method)));
    };
}

const Command command { 10, "list", "Show the methods with their parameters, bounds and defaults", addOptions };

} // namespace
} // namespace pikv::cli
