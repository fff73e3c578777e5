// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytesource.h"
#include "core/base/error.h"
#include "core/base/inputfiles.h"
#include <cstdint>
#include <string>

namespace pikv {

/// The file that is open vanished or is another one now: whatever still reads it fails alike.
class SourceChangedError : public Error {
public:
    explicit SourceChangedError(const std::string& message)
        : Error(ErrorKind::Input, message)
    {
    }
};

/// A regular file opened for reading (a symbolic link to one will do). Safe to read from several threads at once.
///
/// Read with pread instead of a memory map: a file that is cut while it is mapped kills the process (SIGBUS) where
/// pread gives an error to report, and mapped pages count as resident memory, which blurs the promise to evaluate a
/// dump larger than memory. Layers are read once and whole, so a map would save no copy that matters.
class FileSource final : public ByteSource {
public:
    /// Throws Error{Input} naming the file: missing, not readable, a folder or a device.
    explicit FileSource(std::string path);
    ~FileSource() override;
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    std::uint64_t size() const override { return m_identity.size; }
    const std::string& name() const override { return m_path; }
    bool servesThreads() const override { return true; }
    /// Throws SourceChangedError when the file changed, shrank or vanished since it was opened, so that data of two
    /// files are never mixed.
    void read(std::uint64_t offset, std::span<std::byte> out) const override;

private:
    struct Identity {
        std::uint64_t device = 0, inode = 0, size = 0;
        std::int64_t seconds = 0, nanoseconds = 0;
        bool operator==(const Identity&) const = default;
    };
    void checkUnchanged() const;

    std::string m_path, m_absolutePath;
    int m_descriptor = -1;
    Identity m_identity;
    InputFile m_input;
};

} // namespace pikv
