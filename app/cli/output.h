// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pikv::cli {

/// Reserves standard output for writeOutput(): whatever else writes there from now on, such as a message of a numeric
/// library, goes to standard error. To be called once, before threads are started.
void keepOutputForResults();
/// Standard output. Throws Error{Resource} when it cannot be written, ReaderGone when nobody reads it any more.
void writeOutput(std::string_view text);
struct ReaderGone { };

/// Standard error; failures are ignored, there is nowhere left to tell.
void writeError(std::string_view text);
/// "pikv: `message`" with control characters made harmless.
void writeErrorLine(std::string message);

/// Writes `content` to the file `path`, whole or not at all, or to standard output for "-".
void writeResult(const std::string& path, std::string_view content);
/// An option that names a file to write, and the path; "" and "-" are none.
using Output = std::pair<std::string, std::string>;
/// To be called before the work, and after its inputs were opened: throws Error{Usage} naming the option when an output
/// is one of the inputs (InputFile) or two outputs are one file, Error{Resource} when one cannot be written.
void checkOutputs(const std::vector<Output>& outputs);

/// "7,077,888 bytes".
std::string bytesText(unsigned long long bytes);

} // namespace pikv::cli
