// SPDX-License-Identifier: GPL-3.0-or-later
// The page resources/docs/formats.md: what is read, what is refused, and what can be told of a dump.
#include "app/cli/formatspage.h"
#include "core/formats/formatregistry.h"
#include "core/formats/told.h"

namespace pikv::cli {
namespace {

std::string patternsOf(const DumpFormat& format)
{
    std::string text;
    for (const std::string& pattern : format.patterns)
        text += (text.empty() ? "`" : ", `") + pattern + "`";
    return text;
}

std::string axesText()
{
    std::string text;
    for (const std::string& word : axisWords())
        text += (text.empty() ? "`" : ", `") + word + "`";
    return text;
}

/// What a file does not tell can be told.
std::string toldSection()
{
    std::string mapped;
    for (const DumpFormat& format : dumpFormats())
        if (format.list)
            mapped += (mapped.empty() ? "`" : ", `") + format.id + "`";
    std::string text = "\n## What you can tell of a dump\n\nWith these options of every command that opens a dump, and "
                       "in the window's "
                       "dump panel. It is kept in `told.json` in your data folder and used whenever that file opens "
                       "again, by window and "
                       "command line alike, until `--forget` or *Forget* drops it.\n\n| option | |\n| --- | --- |\n";
    for (const ToldEntry& entry : toldEntries())
        text += "| `--" + entry.id + " " + entry.type + "` | " + entry.help + ". |\n";
    return text + "\nA mapping opens files whose names or axes no reader knows (" + mapped
        + "): `key=` and `value=` name the tensors, `{layer}` standing for the layer's number, or `kv=` one tensor "
          "that "
          "holds both; `axes=` names the axes from the slowest to the fastest: "
        + axesText()
        + ". Several in one axis are written `kv_head*head_dim`, with `head_dim=` or `kv_heads=` for their sizes. "
          "Without "
          "batch there is one sequence, without kv_head one head.\n\n```\n"
          "pikv info mine.safetensors --map 'key=net.{layer}.k,value=net.{layer}.v,axes=seq,kv_head,head_dim'\n"
          "pikv info mine.npy --map 'kv=array,axes=layer,kv,seq,kv_head*head_dim,head_dim=64'\n```\n\nIn the window: "
          "*File → Map tensors…*, or the bar that offers it where a file was not understood.\n";
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
    return text + refused + toldSection();
}

} // namespace pikv::cli
