// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/methodspec.h"
#include "core/eval/resultsio.h"
#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>

namespace pikv {
namespace {

struct Place {
    const std::string& path;
    int line;
    Error error(const std::string& what) const
    {
        return inputError(path + ", line " + std::to_string(line) + ": " + what);
    }
};

std::vector<std::string> splitCsvLine(const std::string& line, const Place& place)
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

using Row = std::map<std::string, std::string>;

double numberOf(const Row& row, const char* name, const Place& place)
{
    const auto at = row.find(name);
    if (at == row.end() || at->second.empty())
        return kNoValue;
    double value = 0;
    const char *begin = at->second.data(), *end = begin + at->second.size();
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || stop != end)
        throw place.error(std::string("column ") + name + " holds '" + at->second + "', not a number");
    return value;
}

std::uint64_t bytesOf(const Row& row, const char* name, const Place& place)
{
    const double value = numberOf(row, name, place);
    if (!(value >= 0 && value < 9e18))
        throw place.error(std::string("column ") + name + " is missing or not a size in bytes");
    return static_cast<std::uint64_t>(value);
}

QualityMetrics qualityOf(const Row& row, const Place& place)
{
    QualityMetrics q;
    const std::pair<const char*, double*> columns[] = { { "key_mse", &q.keyMse }, { "value_mse", &q.valueMse },
        { "mse", &q.mse }, { "key_nmse", &q.keyNmse }, { "value_nmse", &q.valueNmse }, { "key_cosine", &q.keyCosine },
        { "value_cosine", &q.valueCosine }, { "cosine", &q.cosine }, { "attention_error", &q.attentionError } };
    for (const auto& [name, value] : columns)
        *value = numberOf(row, name, place);
    return q;
}

EvaluationResult resultOf(const Row& row, const Place& place)
{
    EvaluationResult r;
    const auto text = [&](const char* name) { return row.contains(name) ? row.at(name) : std::string(); };
    try {
        r.method = parseSpec(text("compressor") + ":" + text("params"));
        if (!text("importance").empty())
            r.importance = parseImportance(text("importance"));
    } catch (const Error& e) {
        throw place.error(e.what());
    }
    r.device = text("device");
    r.attentionQueries = text("attention_queries");
    r.seed = row.contains("seed") ? bytesOf(row, "seed", place) : 0;
    r.originalBytes = bytesOf(row, "original_bytes", place);
    r.storedBytes = bytesOf(row, "stored_bytes", place);
    r.sharedBytes = row.contains("shared_bytes") ? bytesOf(row, "shared_bytes", place) : 0;
    if (row.contains("shared_caches"))
        r.sharedCaches = static_cast<std::int64_t>(std::max<std::uint64_t>(1, bytesOf(row, "shared_caches", place)));
    r.compressSeconds = numberOf(row, "compress_seconds", place);
    r.decompressSeconds = numberOf(row, "decompress_seconds", place);
    r.quality = qualityOf(row, place);
    NextTokenMetrics& n = r.nextToken;
    n.loss = numberOf(row, "next_token_loss", place);
    n.perplexity = numberOf(row, "next_token_perplexity", place);
    n.accuracy = numberOf(row, "next_token_accuracy", place);
    n.agreement = numberOf(row, "next_token_agreement", place);
    n.kl = numberOf(row, "next_token_kl", place);
    return r;
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
        const Place place { path, number };
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
        Row row;
        for (std::size_t i = 0; i < fields.size(); ++i)
            row[header[i]] = fields[i];
        results.push_back(resultOf(row, place));
    }
    if (header.empty())
        throw inputError(path + ": is empty, not a results table");
    return results;
}

} // namespace pikv
