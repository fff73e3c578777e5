// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <string>

namespace pikv {

/// The whole of a text file of at most 100 MB. Throws Error{Input}.
std::string readTextFile(const std::string& path);
/// The first `limit` bytes of a text file, without a UTF-8 character that is cut at the end. Throws Error{Input}.
std::string readTextStart(const std::string& path, std::uint64_t limit);

} // namespace pikv
