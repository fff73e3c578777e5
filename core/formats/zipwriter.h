// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/atomicfile.h"
#include <cstdint>
#include <string>
#include <vector>

namespace pikv {

/// Writes a zip archive of stored members (APPNOTE 6.3.10; zip64 where sizes or offsets ask for it), through an
/// AtomicFile.
class ZipWriter {
public:
    /// `expectedBytes`: of the members. Throws Error{Resource} when the disk has not enough room.
    ZipWriter(const std::string& path, std::uint64_t expectedBytes);
    /// A member of `head` and then `data`.
    void add(const std::string& name, ByteSpan head, ByteSpan data = {});
    void commit();

private:
    struct Member {
        std::string name;
        std::uint64_t begin = 0, size = 0;
        std::uint32_t crc = 0;
    };
    void put(const Bytes& bytes);
    Bytes directoryEntry(const Member& member) const;

    AtomicFile m_file;
    std::vector<Member> m_members;
    std::uint64_t m_end = 0;
};

} // namespace pikv
