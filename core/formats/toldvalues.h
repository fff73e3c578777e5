// SPDX-License-Identifier: GPL-3.0-or-later
// Texts of what is told that are more than one word: bases by layer, token ids. Torch-free.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace pikv {

/// The number that is all of the text.
std::optional<double> numberIn(const std::string& text);

/// Base of the rotation's frequencies in some layers, by their numbers in the model.
struct ToldBase {
    double base = 0; ///< finite, above 0
    std::int64_t first = 0, last = std::numeric_limits<std::int64_t>::max(), step = 1;

    bool isOfAll() const { return first == 0 && last == std::numeric_limits<std::int64_t>::max() && step == 1; }
    bool covers(std::int64_t layer) const { return layer >= first && layer <= last && (layer - first) % step == 0; }
};

/// "500000" for all layers; "10000,5-/6:1000000" for 10000 in all but layer 5 and every sixth behind it: parts with
/// commas between them, later ones over earlier ones, each BASE or LAYER:BASE, FIRST-LAST:BASE, FIRST-:BASE, with /STEP
/// behind the layers. Throws Error{Usage}.
std::vector<ToldBase> parseBases(const std::string& text);

/// Whether token ids stand in the text itself and not in a file that it names.
bool isIdList(const std::string& text);
/// Token ids, each 0 to 2^31, of a text like "5,6,7" or "[[5, 6, 7]]", or of the file that it names: such a text, or a
/// NumPy array of integers. At most 4096 in a text of its own and 2^24 in a file. Throws Error{Usage} for a text that
/// is neither, Error{Input} for the file.
std::vector<std::int64_t> readTokenIds(const std::string& text);
/// The text that means the same wherever it is read again: a file by its absolute path.
std::string keptTokenIds(const std::string& text);

} // namespace pikv
