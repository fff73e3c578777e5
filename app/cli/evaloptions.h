// SPDX-License-Identifier: GPL-3.0-or-later
// What pikv eval was asked for, and what its two ways, of one dump and of several, share.
#pragma once
#include "app/cli/dumpoptions.h"
#include "app/cli/historyuse.h"
#include "app/cli/modeloptions.h"
#include "app/cli/protectoption.h"
#include <string>
#include <utility>
#include <vector>

namespace pikv::cli {

class Invocation;

struct EvalOptions {
    DumpOptions dump;
    DumpModelOptions model;
    HistoryOption history;
    ProtectOption protect;
    std::vector<std::string> specs;
    bool perLayer = false, ledger = false, provenance = false;
    std::string csv, json, receipt;
};

/// Asked for by name, every method must fit every dump (Error{Usage}); of the opening comparison those that do not are
/// left out.
std::vector<MethodSpec> chosenMethods(
    const EvalOptions& options, const std::vector<CachePtr>& dumps, Invocation& invocation);

/// The head of the CSV, where it is asked for.
std::string provenanceOf(const EvalOptions& options, const std::vector<std::pair<CachePtr, std::string>>& fingerprints,
    const std::vector<EvaluationResult>& results);

/// Warns of settings whose figures are alike.
void warnOfAlike(const std::vector<EvaluationResult>& results, Invocation& invocation);

/// Measures the same points on several dumps and what they come to. Throws Error{Usage} for options that take one dump.
void evalDumps(const EvalOptions& options, Invocation& invocation);

} // namespace pikv::cli
