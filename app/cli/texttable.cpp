// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/texttable.h"
#include <algorithm>

namespace pikv::cli {
namespace {

/// Characters as a terminal shows them: continuation bytes of UTF-8 take no column.
std::size_t widthOf(const std::string& text)
{
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

} // namespace

TextTable::TextTable(const std::vector<std::string>& titles)
    : m_rows(1)
{
    for (const std::string& title : titles) {
        const bool marked = title.starts_with('<');
        m_left.push_back(marked || m_left.empty());
        m_rows.front().push_back(title.substr(marked ? 1 : 0));
    }
}

void TextTable::add(std::vector<std::string> row)
{
    row.resize(m_left.size());
    m_rows.push_back(std::move(row));
}

std::string TextTable::text(const std::string& indent) const
{
    std::vector<std::size_t> widths(m_left.size(), 0);
    for (const auto& row : m_rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], widthOf(row[i]));
    std::string out;
    for (const auto& row : m_rows) {
        std::string line = indent;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string padding(widths[i] - widthOf(row[i]), ' ');
            line += (i ? "  " : "") + (m_left[i] ? row[i] + padding : padding + row[i]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

} // namespace pikv::cli
