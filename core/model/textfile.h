// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <string>

namespace pikv {

/// The whole of a text file of at most 100 MB. Throws Error{Input}.
std::string readTextFile(const std::string& path);
/// A text to prefill, of at most 100 MB. CR LF and CR become LF, as in the exporter's Python and in the window's
/// editor: the same file gives the same tokens everywhere. Throws Error{Input}, where it is not UTF-8 with the offset.
std::string readPrompt(const std::string& path);
/// The same of the first `limit` bytes, without a character that is cut at the end.
std::string readPromptStart(const std::string& path, std::uint64_t limit);

} // namespace pikv
