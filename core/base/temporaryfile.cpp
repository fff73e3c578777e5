// SPDX-License-Identifier: GPL-3.0-or-later
// Files without a name, for what must be read at any offset and does not belong into memory.
#include "core/base/temporaryfile.h"
#include "core/base/text.h"
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace pikv {
namespace {

constexpr std::uint64_t leftForOthers = std::uint64_t { 256 } << 20, roomStep = std::uint64_t { 64 } << 20;

std::vector<std::string> folders()
{
    if (const char* named = std::getenv("TMPDIR"); named && *named)
        return { named };
    std::error_code unknown;
    const std::filesystem::path system = std::filesystem::temp_directory_path(unknown);
    return { "/var/tmp", unknown ? "/tmp" : system.string() };
}

/// A descriptor of a nameless file in `folder`, -1 with errno where there can be none.
int openIn(const std::string& folder)
{
    const int nameless = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (nameless >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return nameless;
    // Some file systems know no such files: one that loses its name at once will do.
    std::string pattern = folder + "/pikv-XXXXXX";
    const int named = ::mkostemp(pattern.data(), O_CLOEXEC);
    if (named >= 0)
        ::unlink(pattern.c_str());
    return named;
}

class TemporarySource final : public ByteSource {
public:
    TemporarySource(int descriptor, std::uint64_t size, std::string name)
        : m_descriptor(descriptor)
        , m_size(size)
        , m_name(std::move(name))
    {
    }
    ~TemporarySource() override { ::close(m_descriptor); }
    TemporarySource(const TemporarySource&) = delete;
    TemporarySource& operator=(const TemporarySource&) = delete;

    std::uint64_t size() const override { return m_size; }
    const std::string& name() const override { return m_name; }
    void read(std::uint64_t offset, std::span<std::byte> out) const override
    {
        if (offset > m_size || out.size() > m_size - offset)
            throw inputError(m_name + ": bytes " + std::to_string(offset) + " to " + std::to_string(offset + out.size())
                + " lie beyond its end (" + std::to_string(m_size) + " bytes).");
        while (!out.empty()) {
            const ssize_t got = ::pread(m_descriptor, out.data(), out.size(), static_cast<off_t>(offset));
            if (got < 0 && errno == EINTR)
                continue;
            if (got <= 0)
                throw resourceError(m_name + ": reading its unpacked copy at byte " + std::to_string(offset)
                    + " failed: " + std::generic_category().message(got < 0 ? errno : EIO) + ".");
            offset += static_cast<std::uint64_t>(got);
            out = out.subspan(static_cast<std::size_t>(got));
        }
    }

private:
    int m_descriptor;
    std::uint64_t m_size;
    std::string m_name;
};

} // namespace

TemporaryFile::TemporaryFile(std::string purpose)
    : m_purpose(std::move(purpose))
{
    for (const std::string& folder : folders()) {
        m_folder = folder;
        m_descriptor = openIn(folder);
        if (m_descriptor >= 0)
            return;
    }
    fail(errno);
}

TemporaryFile::~TemporaryFile()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
}

void TemporaryFile::fail(int error) const
{
    throw resourceError("There can be no temporary file in " + inQuotes(m_folder) + " for " + m_purpose + ": "
        + std::generic_category().message(error) + "; set TMPDIR to a folder with room that can be written.");
}

void TemporaryFile::requireRoom(std::uint64_t bytes) const { requireRoom(bytes, "about " + byteText(bytes)); }

void TemporaryFile::requireRoom(std::uint64_t bytes, const std::string& taken) const
{
    struct ::statvfs disk { };
    if (::fstatvfs(m_descriptor, &disk) != 0 || disk.f_blocks == 0)
        return; // then writing will tell
    const std::uint64_t free = std::uint64_t(disk.f_bavail) * disk.f_frsize;
    if (free < leftForOthers || bytes > free - leftForOthers)
        throw resourceError("Not enough room for " + m_purpose + ": it takes " + taken + ", and " + inQuotes(m_folder)
            + " has only " + byteText(free) + " left, where " + byteText(leftForOthers)
            + " are kept free; set TMPDIR to a folder with more room.");
}

void TemporaryFile::append(ByteSpan bytes)
{
    if (m_size + bytes.size() > m_checked) {
        requireRoom(roomStep + bytes.size(), "at least " + byteText(m_size + bytes.size()));
        m_checked = m_size + bytes.size() + roomStep;
    }
    while (!bytes.empty()) {
        const ssize_t put = ::pwrite(m_descriptor, bytes.data(), bytes.size(), static_cast<off_t>(m_size));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            fail(put < 0 ? errno : EIO);
        m_size += static_cast<std::uint64_t>(put);
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
}

std::unique_ptr<const ByteSource> TemporaryFile::source(std::string name)
{
    return std::make_unique<TemporarySource>(std::exchange(m_descriptor, -1), m_size, std::move(name));
}

} // namespace pikv
