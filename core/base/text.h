// SPDX-License-Identifier: GPL-3.0-or-later
// Pieces of error messages, and the splitting of texts that nest in brackets.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

/// The text between single quotes, control characters replaced and cut after 80 bytes: names in a file can hold
/// anything.
std::string inQuotes(std::string_view text);
/// "512 bytes", "4.0 GiB".
std::string byteText(std::uint64_t bytes);
/// "[1, 3, 256, 64]".
std::string shapeText(std::span<const std::int64_t> shape);
/// "1 layer", "30 layers".
std::string countText(std::uint64_t count, std::string_view noun);
/// Without the blanks and tabs at both ends.
std::string trimmed(std::string_view text);
/// Splits "a=1,b=[2,3]" at separators outside brackets; the parts are trimmed.
std::vector<std::string> splitTopLevel(std::string_view text, char separator);

} // namespace pikv
