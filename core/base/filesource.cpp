// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a file by position (pread) and notices when it changed, shrank or was replaced since it was opened.
#include "core/base/filesource.h"
#include "core/base/text.h"
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace pikv {
namespace {
std::string reason(int error)
{
    if (error == ENOENT || error == ENOTDIR)
        return "there is no such file";
    if (error == EACCES || error == EPERM)
        return "you may not read it; check its permissions";
    return std::generic_category().message(error);
}

std::string kindOf(mode_t mode)
{
    return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

template <typename Identity>
Identity identityOf(const struct ::stat& s)
{
    return { static_cast<std::uint64_t>(s.st_dev), static_cast<std::uint64_t>(s.st_ino),
        static_cast<std::uint64_t>(s.st_size), s.st_mtim.tv_sec, s.st_mtim.tv_nsec };
}
}

FileSource::FileSource(std::string path)
    : m_path(std::move(path))
{
    std::error_code error;
    m_absolutePath = std::filesystem::absolute(m_path, error).string();
    // Without O_NONBLOCK the open of a pipe would wait for a writer.
    m_descriptor = ::open(m_path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (m_descriptor < 0)
        throw inputError("Cannot open " + inQuotes(m_path) + ": " + reason(errno) + ".");
    struct ::stat status { };
    const bool known = ::fstat(m_descriptor, &status) == 0;
    if (!known || !S_ISREG(status.st_mode)) {
        ::close(m_descriptor);
        throw inputError("Cannot open " + inQuotes(m_path) + ": it is "
            + (known ? kindOf(status.st_mode) : "of unknown kind") + ", not a file; choose a file.");
    }
    m_identity = identityOf<Identity>(status);
    m_input = InputFile(FileId { m_identity.device, m_identity.inode });
}

FileSource::~FileSource() { ::close(m_descriptor); }

void FileSource::read(std::uint64_t offset, std::span<std::byte> out) const
{
    if (offset > size() || out.size() > size() - offset)
        throw inputError(m_path + ": bytes " + std::to_string(offset) + " to " + std::to_string(offset + out.size())
            + " lie beyond the end of the file (" + std::to_string(size()) + " bytes).");
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t got
            = ::pread(m_descriptor, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            throw inputError(m_path + ": reading at byte " + std::to_string(offset + done)
                + " failed: " + std::generic_category().message(errno) + ".");
        if (got == 0)
            break;
        done += static_cast<std::size_t>(got);
    }
    // After the read, so that a change during it is seen too.
    checkUnchanged();
    if (done < out.size())
        throw inputError(m_path + ": the file ends at byte " + std::to_string(offset + done) + "; open it again.");
}

void FileSource::checkUnchanged() const
{
    struct ::stat status { };
    if (::stat(m_absolutePath.c_str(), &status) != 0)
        throw SourceChangedError(m_path + " vanished while it was open; open another dump.");
    const Identity now = identityOf<Identity>(status);
    if (now == m_identity)
        return;
    const std::string what = now.device != m_identity.device || now.inode != m_identity.inode ? "was replaced"
        : now.size < m_identity.size                                                          ? "shrank"
                                                                                              : "changed";
    throw SourceChangedError(m_path + " " + what + " while it was open; open it again.");
}

} // namespace pikv
