// SPDX-License-Identifier: GPL-3.0-or-later
// What the user can say of a dump: how it is to be read, and what its file does not say or says wrong. The command
// line's options, the window's form and the store of what was told follow from the list.
#pragma once
#include "core/formats/dumpmapping.h"
#include <optional>
#include <string>
#include <vector>

namespace pikv {

/// One of few texts that a thing can be told as.
struct ToldChoice {
    std::string text; ///< "plain"
    std::string label; ///< "not rotated"
};

/// One thing that can be told, as text.
struct ToldEntry {
    std::string id; ///< "rope-theta": key in Told, and the command line's option without its dashes
    std::string type; ///< "N": what the option's help calls its value
    std::string title = {}; ///< "RoPE base": of its field in the window's form; "": it has none
    std::string help; ///< for the option's help and the field's tool tip
    std::vector<ToldChoice> choices = {}; ///< that the field offers; empty: any text, or what the dump offers
    std::string_view alias = {}; ///< another name of the option
    /// Throws Error{Usage} for a text that it cannot be.
    void (*check)(const std::string& text) = nullptr;
    /// As a sentence's part: "keys rotated".
    std::string (*phrase)(const std::string& text) = nullptr;
    /// What is remembered of it, so that it means the same from any folder; null: the text itself.
    std::string (*kept)(const std::string& text) = nullptr;
};

/// In the order of help and window.
const std::vector<ToldEntry>& toldEntries();
/// Throws Error{Usage} naming the option for a text that cannot be, or an unknown id.
void checkTold(const Told& told);
/// As it is remembered.
Told keptTold(Told told);
/// What was told before and what is told now, "" for what no longer is. What was told of the tensors does not outlive
/// another mapping of them, and what was told of the tokens not another part.
Told withTold(Told before, const Told& now);
/// "keys rotated, base 500000": what was told, in the order of the list; "" for nothing.
std::string toldText(const Told& told);

/// What was told of each, where it was.
std::optional<DumpMapping> toldMapping(const Told& told);
std::int64_t toldHeadDim(const Told& told); ///< 0: not told
std::string toldPart(const Told& told); ///< "": not told
/// Throws Error{Usage} or Error{Input} for a text or file that holds none.
std::vector<std::int64_t> toldTokenIds(const Told& told); ///< empty: not told

/// Writes what was told of attention, rotation, tokens and model over what the reader found, and `told` itself. Throws
/// Error{Input} naming `file` where it does not fit: a part or a head_dim of a file that leaves none to choose, token
/// ids of other rows, layers that are not there.
void acceptTold(CacheInfo& info, const Told& told, const std::string& file);

/// Index of the part that is read: the one that was told, else `usual`, which info.notes then says and `why`. There
/// are at least two. Throws Error{Input} listing them where there is none of that name.
std::size_t choosePart(CacheInfo& info, std::vector<DumpPart> parts, std::size_t usual, const std::string& why,
    const Told& told, const std::string& file);

} // namespace pikv
