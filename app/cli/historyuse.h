// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/study/recorded.h"
#include <CLI/App.hpp>
#include <memory>

namespace pikv::cli {

class Invocation;

/// `--no-history` of the commands that measure.
struct HistoryOption {
    bool off = false;
    void add(CLI::App& app);
};

/// The user's history; null with --no-history, where PIKV_HISTORY is "off", and, which is told, in a program that was
/// built without one.
std::shared_ptr<ResultStore> openHistory(const HistoryOption& option, Invocation& invocation);
/// Looks results of this study's dump up there. Reads the dump once where it is not known yet.
Recorder recorderOf(const std::shared_ptr<ResultStore>& history, const Study& study, Invocation& invocation);
/// cacheFingerprint() of this study's dump: the recorder's, else computed now.
std::string fingerprintOf(const Recorder& recorder, const Study& study, Invocation& invocation);
/// How many of the results were not measured now, where any was not.
void noteRemembered(std::size_t remembered, std::size_t all, Invocation& invocation);

} // namespace pikv::cli
