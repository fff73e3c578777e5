// SPDX-License-Identifier: GPL-3.0-or-later
// Tables once, as texts; each form of the report then differs in its brackets and in what it must escape.
#include "core/study/studyreport.h"
#include "core/base/text.h"
#include "core/eval/engine.h"
#include "core/eval/engineid.h"
#include "core/eval/figuretext.h"
#include "core/eval/pareto.h"
#include "core/study/enginesettings.h"
#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

namespace pikv {
namespace {

using Results = std::vector<EvaluationResult>;

/// Figures of the tables, where any result has them.
constexpr const char* kColumns[]
    = { "bits_per_element", "compression_ratio", "stored_bytes", "attention_error", "key_nmse", "value_nmse", "cosine",
          "next_token_kl", "next_token_kl_p99", "next_token_agreement", "compress_seconds", "decompress_seconds" };

std::vector<const MetricInfo*> columnsOf(const Results& results)
{
    std::vector<const MetricInfo*> columns;
    for (const char* name : kColumns)
        if (const MetricInfo* metric = findMetric(name);
            std::any_of(results.begin(), results.end(), [&](const auto& r) { return !std::isnan(metric->value(r)); }))
            columns.push_back(metric);
    return columns;
}

std::string titleOf(const MetricInfo& metric)
{
    return std::string(metric.label) + (metric.unit.empty() ? "" : " (" + std::string(metric.unit) + ")");
}

ReportTable resultsTable(const std::string& title, const Results& shown, const Results& all)
{
    ReportTable table { title, { "Method", "Importance" }, {} };
    const auto columns = columnsOf(all);
    for (const MetricInfo* metric : columns)
        table.columns.push_back(titleOf(*metric));
    for (const EvaluationResult& result : shown) {
        std::vector<std::string> row { printSpec(result.method), printImportance(result.importance) };
        for (const MetricInfo* metric : columns)
            row.push_back((metric->countsBytes() && !std::isnan(metric->value(result))
                                  ? std::to_string(static_cast<std::uint64_t>(metric->value(result)))
                                  : figureText(metric->value(result)))
                + (metric->group == MetricGroup::Speed && !result.measured.empty() ? "*" : ""));
        table.rows.push_back(std::move(row));
    }
    return table;
}

ReportTable enginesTable(const Results& results)
{
    ReportTable table { "The same in other programs", { "Method", "Program", "Setting" }, {} };
    std::set<std::string> done;
    for (const EvaluationResult& result : results)
        if (done.insert(printSpec(result.method)).second)
            for (const EngineSetting& setting : engineSettings(result.method))
                table.rows.push_back({ printSpec(result.method), setting.engine, setting.setting });
    return table;
}

/// All values of the results, each once, in order.
std::string together(const Results& results, const std::function<std::string(const EvaluationResult&)>& value)
{
    std::vector<std::string> found;
    for (const EvaluationResult& result : results)
        if (const std::string text = value(result);
            !text.empty() && std::find(found.begin(), found.end(), text) == found.end())
            found.push_back(text);
    std::string all;
    for (std::size_t i = 0; i < found.size() && i < 4; ++i)
        all += (i > 0 ? "; " : "") + found[i];
    return found.size() > 4 ? all + "; and " + std::to_string(found.size() - 4) + " more" : all;
}

/// The text with characters that mean something replaced.
std::string escaped(std::string_view text, const std::function<std::string(char)>& replace)
{
    std::string out;
    for (const char c : text)
        out += replace(c);
    return out;
}

std::string html(std::string_view text)
{
    return escaped(text, [](char c) -> std::string {
        return c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : std::string(1, c);
    });
}

std::string latex(std::string_view text)
{
    return escaped(text, [](char c) -> std::string {
        if (c == '\\')
            return "\\textbackslash{}";
        if (c == '~' || c == '^')
            return std::string("\\") + c + "{}";
        return std::string("_%&#{}$").find(c) != std::string::npos ? std::string("\\") + c : std::string(1, c);
    });
}

/// A dump's names may hold line ends and what Markdown would take for HTML.
std::string markdown(std::string_view text)
{
    return escaped(text, [](char c) -> std::string {
        return c == '|' ? "\\|" : c == '<' ? "&lt;" : c == '\n' || c == '\r' ? " " : std::string(1, c);
    });
}

/// Facts as comments: a line each, whatever the dump's names hold.
std::string commentLines(const ReportFacts& facts, const char* mark)
{
    std::string text;
    for (const auto& [name, value] : facts)
        text += mark + escaped(name + ": " + value, [](char c) {
            return std::string(1, c == '\n' || c == '\r' ? ' ' : c);
        }) + "\n";
    return text;
}

/// An SVG document without what only stands at the head of a file.
std::string svgElement(const std::string& svg)
{
    const auto at = svg.find("<svg");
    return at == std::string::npos ? std::string() : svg.substr(at);
}

constexpr const char* kStyle
    = "body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222}"
      "table{border-collapse:collapse;margin:.5em 0 1.5em}th,td{padding:.2em .7em;border-bottom:1px solid #ddd;"
      "text-align:right}th:first-child,td:first-child{text-align:left}figure{margin:1em 0}svg{max-width:100%;"
      "height:auto}.facts td{text-align:left}";

std::string htmlTable(const ReportTable& table)
{
    std::string text = "<h2>" + html(table.title) + "</h2>\n<table>\n<tr>";
    for (const std::string& column : table.columns)
        text += "<th>" + html(column) + "</th>";
    text += "</tr>\n";
    for (const auto& row : table.rows) {
        text += "<tr>";
        for (const std::string& cell : row)
            text += "<td>" + html(cell) + "</td>";
        text += "</tr>\n";
    }
    return text + "</table>\n";
}

std::string latexRow(const std::vector<std::string>& cells)
{
    std::string text;
    for (const std::string& cell : cells)
        text += (text.empty() ? "" : " & ") + latex(cell);
    return text + " \\\\\n";
}

std::string markdownRow(const std::vector<std::string>& cells)
{
    std::string text = "|";
    for (const std::string& cell : cells)
        text += " " + markdown(cell) + " |";
    return text + "\n";
}

} // namespace

ReportFacts dumpFacts(const CacheInfo& dump)
{
    ReportFacts facts;
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty())
            facts.emplace_back(name, value);
    };
    add("Dump", dump.path);
    add("Format", dump.format);
    add("Model", dump.model);
    add("Shape", dump.shapeText());
    add("Tokens", std::to_string(dump.seq()) + (dump.batch() > 1 ? " x " + std::to_string(dump.batch()) : ""));
    add("Size at 16 bits", byteText(dump.referenceBytes()));
    return facts;
}

ReportFacts studyFacts(const Results& results)
{
    ReportFacts facts { { "Results", std::to_string(results.size()) } };
    facts.emplace_back(
        "Importance", together(results, [](const EvaluationResult& r) { return printImportance(r.importance); }));
    facts.emplace_back("Seed", together(results, [](const EvaluationResult& r) { return std::to_string(r.seed); }));
    facts.emplace_back("Device", together(results, [](const EvaluationResult& r) { return r.device; }));
    if (const std::string queries = together(results, [](const EvaluationResult& r) { return r.attentionQueries; });
        !queries.empty())
        facts.emplace_back("Attention error with queries of", queries);
    if (const std::string then = together(results, [](const EvaluationResult& r) { return r.measured; }); !then.empty())
        facts.emplace_back("Times with a * measured", then);
    facts.emplace_back("Engine", engineId());
    facts.emplace_back("Libraries", engineDescription());
    facts.emplace_back("Machine of the report", machineText());
    return facts;
}

std::vector<ReportTable> reportTables(const Results& results)
{
    std::vector<ReportTable> tables;
    Results front;
    for (const std::size_t i : paretoFront(results, *findMetric("bits_per_element"), *findMetric("attention_error")))
        front.push_back(results[i]);
    if (!front.empty())
        tables.push_back(resultsTable("Pareto front: bits per element against attention error", front, results));
    tables.push_back(resultsTable("All results", results, results));
    if (ReportTable engines = enginesTable(results); !engines.rows.empty())
        tables.push_back(std::move(engines));
    return tables;
}

ReportTable meansTable(const std::vector<DumpResults>& dumps, const std::vector<DumpsMean>& means)
{
    std::string names;
    for (const DumpResults& dump : dumps)
        names += (names.empty() ? "" : ", ") + dump.name;
    ReportTable table { "Means over " + countText(dumps.size(), "dump") + " (" + names
            + "), in brackets their 95 % intervals: percentile bootstrap, " + std::to_string(bootstrapResamples)
            + " resamples",
        { "Method", "Importance", "Dumps" }, {} };
    const bool lengths = tellsLengths(means);
    if (lengths)
        table.columns.emplace_back("Tokens");
    std::vector<const MetricInfo*> columns;
    for (const char* name : kColumns)
        if (const MetricInfo* metric = findMetric(name);
            std::any_of(means.begin(), means.end(), [&](const DumpsMean& mean) { return mean.of(*metric).count > 0; }))
            columns.push_back(metric);
    for (const MetricInfo* metric : columns)
        table.columns.push_back(titleOf(*metric));
    for (const DumpsMean& mean : means) {
        std::vector<std::string> row { printSpec(mean.setting.method), printImportance(mean.setting.importance),
            std::to_string(mean.dumps) };
        if (lengths)
            row.push_back(mean.setting.tokens ? std::to_string(mean.setting.tokens) : "");
        for (const MetricInfo* metric : columns) {
            const MeanInterval& figure = mean.of(*metric);
            row.push_back(figureText(figure.mean)
                + (figure.count > 1 ? " [" + figureText(figure.low) + ", " + figureText(figure.high) + "]" : ""));
        }
        table.rows.push_back(std::move(row));
    }
    return table;
}

std::string reportHtml(const StudyReport& report)
{
    std::string text = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>"
        + html(report.title) + "</title>\n<style>" + kStyle + "</style>\n</head>\n<body>\n<h1>" + html(report.title)
        + "</h1>\n<table class=\"facts\">\n";
    for (const auto& [name, value] : report.facts)
        text += "<tr><td>" + html(name) + "</td><td>" + html(value) + "</td></tr>\n";
    text += "</table>\n";
    for (const ReportChart& chart : report.charts)
        text += "<figure>\n" + svgElement(chart.svg) + "\n<figcaption>" + html(chart.title)
            + "</figcaption>\n</figure>\n";
    for (const ReportTable& table : report.tables)
        text += htmlTable(table);
    return text + "</body>\n</html>\n";
}

std::string reportMarkdown(const StudyReport& report)
{
    std::string text = "# " + report.title + "\n\n| | |\n| --- | --- |\n";
    for (const auto& [name, value] : report.facts)
        text += markdownRow({ name, value });
    for (const ReportTable& table : report.tables) {
        text += "\n## " + table.title + "\n\n" + markdownRow(table.columns)
            + markdownRow(std::vector<std::string>(table.columns.size(), "---"));
        for (const auto& row : table.rows)
            text += markdownRow(row);
    }
    return text;
}

std::string reportLatex(const StudyReport& report)
{
    std::string text = commentLines({ { "Title", report.title } }, "% ") + "% \\usepackage{booktabs}\n"
        + commentLines(report.facts, "% ");
    for (const ReportTable& table : report.tables) {
        text += "\n\\begin{table}\n\\caption{" + latex(table.title) + "}\n\\begin{tabular}{l"
            + std::string(table.columns.size() - 1, 'r') + "}\n\\toprule\n" + latexRow(table.columns) + "\\midrule\n";
        for (const auto& row : table.rows)
            text += latexRow(row);
        text += "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
    }
    return text;
}

std::string provenanceLines(const ReportFacts& facts) { return commentLines(facts, "# "); }

} // namespace pikv
