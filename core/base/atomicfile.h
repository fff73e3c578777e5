// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include <cstdint>
#include <string>

namespace pikv {

/// A file that is written whole or not at all: the bytes go to a temporary file in the same folder, which takes the
/// target's place in one step at commit() and is removed otherwise. Errors are Error{Resource} naming file and reason.
class AtomicFile {
public:
    /// `expectedBytes`: what will be written, where it is known; refuses at once when the disk has less room.
    /// A target that exists must be a regular file; through a symbolic link its target is replaced, not the link.
    /// Throws Error{Usage} where the target is a file that the work at hand was made from (InputFile).
    explicit AtomicFile(std::string path, std::uint64_t expectedBytes = 0);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    /// Writes at the end of what append() wrote before.
    void append(ByteSpan bytes);
    void writeAt(std::uint64_t offset, ByteSpan bytes);
    /// Hands the bytes to the disk and puts the file in place.
    void commit();
    const std::string& path() const { return m_path; }

private:
    [[noreturn]] void fail(int error) const;
    void checkSpace(std::uint64_t expectedBytes) const;
    void createTemporary();

    std::string m_path, m_target, m_temporary;
    int m_descriptor = -1;
    std::uint64_t m_end = 0;
};

} // namespace pikv
