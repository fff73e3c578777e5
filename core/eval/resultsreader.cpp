// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the results back from CSV; errors name line and column.
#include "core/eval/resultrow.h"
#include "core/eval/resultsio.h"
#include <fstream>

namespace pikv {
namespace {

std::vector<std::string> splitCsvLine(const std::string& line, const ResultPlace& place)
{
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"')
            fields.back() += line[++i];
        else if (c == '"')
            quoted = !quoted;
        else if (c == ',' && !quoted)
            fields.emplace_back();
        else
            fields.back() += c;
    }
    if (quoted)
        throw place.error("a quoted field does not end");
    return fields;
}

} // namespace

std::vector<EvaluationResult> resultsFromCsv(const std::string& path)
{
    std::ifstream file(path);
    if (!file)
        throw inputError(path + ": cannot be opened for reading");
    std::vector<std::string> header;
    std::vector<EvaluationResult> results;
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
        const ResultPlace place { path + ", line " + std::to_string(number) };
        if (!line.empty() && line.back() == '\r')
            line.pop_back();
        if (line.empty() || line.front() == '#')
            continue;
        const auto fields = splitCsvLine(line, place);
        if (header.empty()) {
            header = fields;
            if (header.front() != "compressor")
                throw place.error(
                    "not a results table: its first column is '" + header.front() + "', not 'compressor'");
            continue;
        }
        if (fields.size() != header.size())
            throw place.error("has " + std::to_string(fields.size()) + " fields where the header has "
                + std::to_string(header.size()));
        ResultRow row;
        for (std::size_t i = 0; i < fields.size(); ++i)
            row[header[i]] = fields[i];
        if (isMeasurement(row))
            results.push_back(resultOf(row, place));
    }
    if (header.empty())
        throw inputError(path + ": is empty, not a results table");
    return results;
}

std::vector<EvaluationResult> readResults(const std::string& path)
{
    std::ifstream file(path);
    char first = 0;
    file >> first;
    return first == '{' ? resultsFromJson(path) : resultsFromCsv(path);
}

} // namespace pikv
