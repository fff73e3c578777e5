// SPDX-License-Identifier: GPL-3.0-or-later
// Pieces of error messages, and the splitting of texts that nest in brackets.
#pragma once
#include <cstdint>
#include <optional>
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
/// Valid UTF-8: no overlong forms, surrogates or values above U+10FFFF.
bool isUtf8(std::string_view text);
/// Without the blanks and tabs at both ends.
std::string trimmed(std::string_view text);
/// Splits `a=1,b=[2,3],c="x,y"` at separators outside brackets and double quotes; the parts are trimmed.
std::vector<std::string> splitTopLevel(std::string_view text, char separator);
/// As a field of a CSV (RFC 4180): in quotes, quotes doubled, where it holds a comma, a quote or a line end.
std::string csvField(std::string_view text);
/// The text as splitTopLevel() keeps it together: in double quotes, with \", \\ and \n for what they stand for, where
/// it is empty, begins or ends with a blank, or holds any of , [ ] " \ or a line end; else as it is.
std::string quotedIfNeeded(std::string_view text);
/// The inverse. Nothing for text that begins with a quote and does not end with its partner.
std::optional<std::string> unquoted(std::string_view text);

} // namespace pikv
