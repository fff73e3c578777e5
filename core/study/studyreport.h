// SPDX-License-Identifier: GPL-3.0-or-later
// A study for others to read: facts, charts and tables, in the forms that people put into a browser, a paper or a pull
// request. Torch-free.
#pragma once
#include "core/eval/evaluator.h"
#include "core/study/dumpsstudy.h"
#include <string>
#include <utility>
#include <vector>

namespace pikv {

struct ReportChart {
    std::string title, svg; ///< the whole SVG document
};
struct ReportTable {
    std::string title;
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows; ///< the first cell names the row
};
/// Name and value, in the order of showing.
using ReportFacts = std::vector<std::pair<std::string, std::string>>;

struct StudyReport {
    std::string title;
    ReportFacts facts;
    std::vector<ReportChart> charts;
    std::vector<ReportTable> tables;
};

/// Path, format, model, shape, tokens, sizes.
ReportFacts dumpFacts(const CacheInfo& dump);
/// What results have in common (importance, seed, device), when and where they were measured, engine, machine.
ReportFacts studyFacts(const std::vector<EvaluationResult>& results);
/// The Pareto front, all results, and the settings of other programs for the methods that these have.
std::vector<ReportTable> reportTables(const std::vector<EvaluationResult>& results);

/// Means over dumps with their intervals, as a table that names the dumps.
ReportTable meansTable(const std::vector<DumpResults>& dumps, const std::vector<DumpsMean>& means);

/// One page that needs nothing beside it: no script, no style, font or picture from elsewhere.
std::string reportHtml(const StudyReport& report);
/// Facts and tables.
std::string reportMarkdown(const StudyReport& report);
/// Facts as comments, and a tabular (booktabs) for each table.
std::string reportLatex(const StudyReport& report);

/// Facts as lines that begin with '#', for the head of a CSV: readResults() and pandas (comment="#") skip them.
std::string provenanceLines(const ReportFacts& facts);

} // namespace pikv
