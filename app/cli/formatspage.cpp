// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/formatspage.h"
#include "core/formats/formatregistry.h"

namespace pikv::cli {
namespace {

std::string patternsOf(const DumpFormat& format)
{
    std::string text;
    for (const std::string& pattern : format.patterns)
        text += (text.empty() ? "`" : ", `") + pattern + "`";
    return text;
}

} // namespace

std::string formatsPage()
{
    std::string text
        = "<!-- Written by packaging/update-docs from the registry; edit the formats' own files instead. -->\n"
          "# File formats\n\nA file is known by its content, whatever its name.\n\n## Read\n\n"
          "| format | id | names | what it tells beside keys and values |\n| --- | --- | --- | --- |\n";
    std::string refused = "\n## Known and refused\n\n| format | id | what the program says |\n| --- | --- | --- |\n";
    for (const DumpFormat& format : dumpFormats())
        if (!format.patterns.empty())
            text += "| " + format.label + " | `" + format.id + "` | " + patternsOf(format) + " | " + format.tells
                + " |\n";
        else if (!format.refusal.empty())
            refused += "| " + format.label + " | `" + format.id + "` | … " + format.refusal + " |\n";
    return text + refused;
}

} // namespace pikv::cli
