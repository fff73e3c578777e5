// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>
#include <vector>

namespace pikv::cli {

/// Columns of plain text two spaces apart: the first one, and those marked, flush left, the others flush right.
class TextTable {
public:
    /// A title that starts with '<' marks a flush-left column.
    explicit TextTable(const std::vector<std::string>& titles);
    void add(std::vector<std::string> row);
    std::string text(const std::string& indent = {}) const;

private:
    std::vector<bool> m_left;
    std::vector<std::vector<std::string>> m_rows; ///< the titles first
};

} // namespace pikv::cli
