// SPDX-License-Identifier: GPL-3.0-or-later
// Standard output, standard error and the files that results go to.
#include "app/cli/output.h"
#include "core/base/atomicfile.h"
#include "core/base/error.h"
#include "core/base/inputfiles.h"
#include "core/base/text.h"
#include "core/eval/resultsio.h"
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <system_error>
#include <unistd.h>

namespace pikv::cli {
namespace {

int results = STDOUT_FILENO; ///< where writeOutput() writes

/// 0 or the error that stopped the writing.
int writeAll(int descriptor, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t put = ::write(descriptor, text.data(), text.size());
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    return 0;
}

} // namespace

void keepOutputForResults()
{
    const int kept = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (kept < 0)
        return; // it is closed: writing to it says so
    if (::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        ::close(kept);
        return;
    }
    results = kept;
}

void writeOutput(std::string_view text)
{
    const int error = writeAll(results, text);
    if (error == EPIPE)
        throw ReaderGone();
    if (error != 0)
        throw resourceError("Cannot write to standard output: " + std::generic_category().message(error));
}

void writeError(std::string_view text) { (void)writeAll(STDERR_FILENO, text); }

void writeErrorLine(std::string message)
{
    for (char& c : message)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            c = ' ';
    writeError("pikv: " + message + "\n");
}

void writeResult(const std::string& path, std::string_view content)
{
    if (path == "-")
        writeOutput(content);
    else
        writeFileAtomic(path, content);
}

void checkOutputs(const std::vector<Output>& outputs)
{
    std::map<std::filesystem::path, std::string> taken;
    for (const auto& [flag, path] : outputs) {
        if (path.empty() || path == "-")
            continue;
        if (InputFile::is(path))
            throw usageError(flag + " " + inQuotes(path)
                + " is the input file itself, under this or another name; choose another name");
        std::error_code error;
        const auto [other, isNew] = taken.emplace(std::filesystem::weakly_canonical(path, error), flag);
        if (!isNew)
            throw usageError(
                other->second + " and " + flag + " name the same file " + inQuotes(path) + "; give each its own");
        AtomicFile probe(path);
    }
}

std::string bytesText(unsigned long long bytes)
{
    std::string digits = std::to_string(bytes);
    for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), ",");
    return digits + (bytes == 1 ? " byte" : " bytes");
}

} // namespace pikv::cli
