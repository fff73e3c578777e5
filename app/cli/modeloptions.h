// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/model/model.h"
#include "core/study/study.h"
#include <CLI/App.hpp>
#include <cstdint>
#include <string>

namespace pikv::cli {

class Invocation;

/// `--model` of capture and next-token.
void addModelOption(CLI::App& app, std::string& model);
/// `--control` of the commands that score.
void addControlOption(CLI::App& app, bool& control);
/// `--kl-shares` of the commands that score.
void addSharesOption(CLI::App& app, bool& klShares);
/// Resolves and loads it, with progress.
ModelPtr loadModel(const std::string& model, Invocation& invocation);

/// `--text` or `--text-file`.
struct TextOptions {
    std::string text, file;
    void add(CLI::App& app);
    /// Throws Error{Usage} when neither or both were given, Error{Input} for a file that cannot be read.
    std::string read() const;
};

/// `--model` and `--predict` of eval and sweep: the dump's last tokens predicted from its first ones.
struct DumpModelOptions {
    std::string model;
    std::int64_t predict = 0; ///< 0: a quarter of the dump, at most 128
    bool klShares = false;
    bool control = false; ///< addControl()
    void add(CLI::App& app);
    /// `--control` of the commands that have a row for it.
    void addControl(CLI::App& app);
    /// The model's path, "" without --model. Throws where there is none, before anything is loaded.
    std::string path() const;
    /// Positions to predict on a dump; 0 without --model.
    std::int64_t positions(const CacheInfo& dump) const;
    /// Loads the model and refuses dumps that it cannot continue; null without --model. The next-token tests of all
    /// dumps take this one while it is held.
    ModelPtr load(const std::vector<CachePtr>& dumps, Invocation& invocation) const;
    /// Loads the model and prepares the next-token test on the study's dump; null without --model.
    std::shared_ptr<NextTokenSession> open(const Study& study, Invocation& invocation) const;
};

} // namespace pikv::cli
