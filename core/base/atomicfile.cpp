// SPDX-License-Identifier: GPL-3.0-or-later
// Writes beside the target under a temporary name and renames at the end, so that a file is there whole or not at all.
#include "core/base/atomicfile.h"
#include "core/base/error.h"
#include "core/base/inputfiles.h"
#include "core/base/text.h"
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

namespace pikv {
namespace fs = std::filesystem;

namespace {
std::string reason(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return "the disk is full; free some space or choose another folder";
    case EFBIG:
        return "the file is larger than the limit on file sizes (ulimit -f) allows";
    case EACCES:
    case EPERM:
        return "the folder cannot be written; choose another one";
    case EROFS:
        return "the disk is read-only; choose another folder";
    case ENOENT:
        return "its folder does not exist; create it first";
    case ENOTDIR:
        return "a part of its path is a file, not a folder";
    default:
        return std::generic_category().message(error);
    }
}

fs::path folderOf(const std::string& file)
{
    const fs::path folder = fs::path(file).parent_path();
    return folder.empty() ? fs::path(".") : folder;
}
}

AtomicFile::AtomicFile(std::string path, std::uint64_t expectedBytes)
    : m_path(std::move(path))
    , m_target(m_path)
{
    if (m_path.empty())
        throw resourceError("Cannot write a file without a name.");
    std::error_code error;
    if (fs::is_symlink(m_path, error))
        m_target = fs::weakly_canonical(m_path, error).string();
    struct ::stat status { };
    const bool exists = ::stat(m_target.c_str(), &status) == 0;
    // A device would be replaced by a file: as root that breaks the machine.
    if (exists && !S_ISREG(status.st_mode))
        throw resourceError("Cannot write " + inQuotes(m_path) + ": it is "
            + (S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe") + ", not a file.");
    if (exists && InputFile::is(m_target))
        throw usageError("Cannot write " + inQuotes(m_path)
            + ": it is a file that this is made from, under this or another name; choose another one.");
    createTemporary();
    try {
        checkSpace(expectedBytes);
        if (exists)
            ::fchmod(m_descriptor, status.st_mode & 07777);
    } catch (...) {
        ::close(m_descriptor);
        ::unlink(m_temporary.c_str());
        throw;
    }
}

AtomicFile::~AtomicFile()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
    if (!m_temporary.empty())
        ::unlink(m_temporary.c_str());
}

void AtomicFile::createTemporary()
{
    static std::atomic<unsigned> counter { 0 };
    // Cut, so that the longest legal file name still has a temporary one.
    const std::string base = fs::path(m_target).filename().string().substr(0, 200);
    for (int attempt = 0; attempt < 100; ++attempt) {
        const std::string name
            = "." + base + "." + std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".tmp";
        m_temporary = (folderOf(m_target) / name).string();
        m_descriptor = ::open(m_temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (m_descriptor >= 0)
            return;
        if (errno != EEXIST)
            break;
    }
    const int error = errno;
    m_temporary.clear();
    fail(error);
}

void AtomicFile::checkSpace(std::uint64_t expectedBytes) const
{
    struct ::statvfs disk { };
    // Some file systems do not tell their size: then the write itself will.
    if (expectedBytes == 0 || ::fstatvfs(m_descriptor, &disk) != 0 || disk.f_blocks == 0)
        return;
    const std::uint64_t available = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
    if (available < expectedBytes)
        throw resourceError("Cannot write " + inQuotes(m_path) + ": it needs " + byteText(expectedBytes) + " but only "
            + byteText(available) + " are free on its disk.");
}

void AtomicFile::append(ByteSpan bytes)
{
    writeAt(m_end, bytes);
    m_end += bytes.size();
}

void AtomicFile::writeAt(std::uint64_t offset, ByteSpan bytes)
{
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t put
            = ::pwrite(m_descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            fail(put < 0 ? errno : ENOSPC);
        done += static_cast<std::size_t>(put);
    }
}

void AtomicFile::commit()
{
    // Quotas and network disks may refuse only now; and a rename that outlives a power cut must not point to nothing.
    if (::fdatasync(m_descriptor) != 0 && errno != EINVAL)
        fail(errno);
    const int descriptor = m_descriptor;
    m_descriptor = -1;
    if (::close(descriptor) != 0)
        fail(errno);
    if (std::rename(m_temporary.c_str(), m_target.c_str()) != 0)
        fail(errno);
    m_temporary.clear();
}

void AtomicFile::fail(int error) const
{
    throw resourceError("Cannot write " + inQuotes(m_path) + ": " + reason(error) + ".");
}

} // namespace pikv
