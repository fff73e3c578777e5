// SPDX-License-Identifier: GPL-3.0-or-later
// A grid of measurements as data and as the text of a command: what window, presets and command line hand each other.
#pragma once
#include "core/cache/importance.h"
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

/// Which points a sweep measures.
struct SweepGrid {
    std::vector<std::string> specs; ///< methods with lists (expandSpec())
    std::vector<ImportanceSpec> importances; ///< each spec is measured with each; empty: with the user's own choice
    bool nextToken = false; ///< the model scores every point's next tokens, too
    bool operator==(const SweepGrid&) const = default;
};

/// "none,uniform:0.2": each once. Throws Error{Usage} as parseImportance() does, and where the list is empty.
std::vector<ImportanceSpec> parseImportances(std::string_view text);
std::string printImportances(const std::vector<ImportanceSpec>& importances);

/// A grid and the dump, or dumps, that it is measured on.
struct SweepCommand {
    SweepGrid grid;
    std::string dump {}; ///< "": none was named
    std::string model {}; ///< with a next-token test; "": the default one
    std::vector<std::string> others {}; ///< further dumps, measured alike
};
/// "pikv sweep DUMP --with 'lora:rank=[4,8]' --importance none,recency --model default -o results", as a shell takes
/// it.
std::string printSweepCommand(const SweepCommand& command);
/// The inverse; `pikv sweep` and folder may be missing, and bare specs stand for --with. Everything that is named is
/// checked; what stands behind the dump and is no method's spec is a further dump. Throws Error{Usage} naming the word
/// that is wrong.
SweepCommand parseSweepCommand(std::string_view text);

/// Words as a shell splits them, quotes and backslashes taken away; a word in quotes for each. Throws Error{Usage}
/// where a quote is not closed.
std::vector<std::string> shellWords(std::string_view text);
std::string shellWord(std::string_view word);

} // namespace pikv
