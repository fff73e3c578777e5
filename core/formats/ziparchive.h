// SPDX-License-Identifier: GPL-3.0-or-later
// The directory of a zip archive: where its members lie, which archive libraries do not tell. torch.save and NumPy's
// savez write such files.
#pragma once
#include "core/base/bytesource.h"
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

/// A file in the archive. Its bytes lie inside the archive and overlap those of no other member.
struct ZipMember {
    std::string name;
    bool deflated = false; ///< else stored as it is, where it is `plain`
    bool plain = true; ///< stored or deflated: other methods are not read
    std::uint32_t crc = 0; ///< of the content; 0: not known
    std::uint64_t begin = 0; ///< offset of the first byte in the archive's file
    std::uint64_t packed = 0; ///< bytes there
    std::uint64_t size = 0; ///< bytes of the content: `packed` where it is stored, at most 1032 times as many else
};

class ZipArchive {
public:
    /// Reads the central directory and every member's local header. Throws Error{Input}: cut short, on several disks,
    /// encrypted, names that occur twice or lead out of a folder, members that overlap or leave the file.
    explicit ZipArchive(const ByteSource& file);
    /// In the directory's order.
    const std::vector<ZipMember>& members() const { return m_members; }
    /// Null where there is none of that name.
    const ZipMember* find(std::string_view name) const;
    /// The whole content, of at most `limit` bytes. Throws Error{Input} where it is longer or damaged.
    Bytes content(const ZipMember& member, std::uint64_t limit) const;
    /// The content to be read piece by piece; it refers to the archive's file. Throws Error{Input} where the member is
    /// neither stored nor deflated.
    std::unique_ptr<const ByteSource> open(const ZipMember& member) const;

private:
    const ByteSource& m_file;
    std::vector<ZipMember> m_members;
    std::map<std::string, std::size_t, std::less<>> m_index;
};

/// A member that is deflated, as bytes at any offset. What is read in ascending order is inflated once and never held;
/// a step back begins anew. Safe to read from several threads at once. Every read throws Error{Input} where the content
/// is damaged, or longer or shorter than the directory says.
std::unique_ptr<const ByteSource> inflating(const ByteSource& file, const ZipMember& member);

} // namespace pikv
