// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include <CLI/App.hpp>
#include <string>

namespace pikv::cli {

class Session;

/// The dump to work on and how to look at it: options that compress, eval and sweep share.
struct DumpOptions {
    std::string path, importance = "none";
    std::int64_t caches = 1;
    bool acceptNonFinite = false;

    void add(CLI::App& app);
    /// `--caches` of the commands that report ratios.
    void addCaches(CLI::App& app);
    /// Opens the dump: a request that lacks its method only.
    EvaluationRequest request(const Session& session) const;
};

} // namespace pikv::cli
