// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>
#include <string_view>

namespace pikv::cli {

/// Standard output. Throws Error{Resource} when it cannot be written, ReaderGone when nobody reads it any more.
void writeOutput(std::string_view text);
struct ReaderGone { };

/// Standard error; failures are ignored, there is nowhere left to tell.
void writeError(std::string_view text);
/// "pikv: `message`" with control characters made harmless.
void writeErrorLine(std::string message);

/// Writes `content` to the file `path`, whole or not at all, or to standard output for "-".
void writeResult(const std::string& path, std::string_view content);
/// Throws Error{Resource} when writeResult() to `path` is bound to fail, to be told before the work and not after it.
void checkWritable(const std::string& path);
/// Throws Error{Usage} when `output`, the value of option `flag`, is the file `input` itself.
void refuseSameFile(const std::string& input, const std::string& output, const std::string& flag);

/// "7,077,888 bytes".
std::string bytesText(unsigned long long bytes);

} // namespace pikv::cli
