// SPDX-License-Identifier: GPL-3.0-or-later
// A file by what it holds, and by what its folder says of it.
#include "core/base/filehash.h"
#include "core/base/filesource.h"
#include "core/base/hash.h"
#include <algorithm>
#include <filesystem>
#include <sys/stat.h>
#include <vector>

namespace pikv {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t pieceBytes = 4 << 20; ///< a millisecond or two

std::vector<fs::path> filesBelow(const fs::path& folder)
{
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        if (at->is_regular_file(error))
            files.push_back(at->path());
    if (error)
        throw inputError(folder.string() + ": cannot be read: " + error.message());
    std::sort(files.begin(), files.end());
    return files;
}

std::string stateOf(const fs::path& file)
{
    struct ::stat status { };
    if (::stat(file.c_str(), &status) != 0)
        return {};
    std::error_code error;
    return fs::weakly_canonical(file, error).string() + '|' + std::to_string(status.st_size) + '|'
        + std::to_string(std::int64_t(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec) + '|'
        + std::to_string(status.st_ino);
}

void addFile(ContentHasher& hasher, const std::string& path, const JobControl& job)
{
    const FileSource file(path);
    Bytes piece(std::min<std::uint64_t>(pieceBytes, file.size()));
    for (std::uint64_t at = 0; at < file.size(); at += pieceBytes) {
        job.checkpoint();
        const std::span<std::byte> part(piece.data(), std::min<std::uint64_t>(pieceBytes, file.size() - at));
        file.read(at, part);
        hasher.add(part);
    }
}

} // namespace

std::string fileState(const std::string& path)
{
    std::error_code error;
    if (!fs::is_directory(path, error))
        return stateOf(path);
    std::string state;
    for (const fs::path& file : filesBelow(path))
        state += stateOf(file) + '\n';
    return state;
}

std::string fileHash(const std::string& path, const JobControl& job)
{
    std::error_code error;
    ContentHasher hasher;
    if (!fs::is_directory(path, error)) {
        addFile(hasher, path, job);
        return hasher.value();
    }
    for (const fs::path& file : filesBelow(path)) {
        ContentHasher one;
        addFile(one, file.string(), job);
        hasher.add(std::string_view(fs::relative(file, path, error).string()));
        hasher.add(std::string_view(one.value()));
    }
    return hasher.value();
}

} // namespace pikv
