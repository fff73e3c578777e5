// SPDX-License-Identifier: GPL-3.0-or-later
// Members of a zip archive by their names, and their content.
#include "core/formats/ziparchive.h"
#include "core/base/text.h"
#include "core/formats/zipdirectory.h"
#include <zlib.h>

namespace pikv {
namespace {

/// A stored member as a file of its own.
class StoredMember final : public ByteSource {
public:
    StoredMember(const ByteSource& file, const ZipMember& member)
        : m_file(file)
        , m_begin(member.begin)
        , m_size(member.size)
    {
    }
    std::uint64_t size() const override { return m_size; }
    const std::string& name() const override { return m_file.name(); }
    void read(std::uint64_t offset, std::span<std::byte> out) const override
    {
        if (offset > m_size || out.size() > m_size - offset)
            throw inputError(name() + ": a read leaves the " + std::to_string(m_size) + " bytes of a zip member");
        m_file.read(m_begin + offset, out);
    }

private:
    const ByteSource& m_file;
    std::uint64_t m_begin, m_size;
};

} // namespace

ZipArchive::ZipArchive(const ByteSource& file)
    : m_file(file)
    , m_members(readZipDirectory(file))
{
    for (std::size_t i = 0; i < m_members.size(); ++i)
        if (!m_index.emplace(m_members[i].name, i).second)
            throw inputError(file.name() + ": the zip archive has two members named " + inQuotes(m_members[i].name)
                + "; save it again.");
}

const ZipMember* ZipArchive::find(std::string_view name) const
{
    const auto at = m_index.find(name);
    return at == m_index.end() ? nullptr : &m_members[at->second];
}

std::unique_ptr<const ByteSource> ZipArchive::open(const ZipMember& member) const
{
    if (!member.plain)
        throw inputError(m_file.name() + ": the zip member " + inQuotes(member.name)
            + " is packed by a method other than deflate; save it again with torch.save or numpy.savez.");
    if (member.deflated)
        return inflating(m_file, member);
    return std::make_unique<StoredMember>(m_file, member);
}

Bytes ZipArchive::content(const ZipMember& member, std::uint64_t limit) const
{
    if (member.size > limit)
        throw inputError(m_file.name() + ": the zip member " + inQuotes(member.name) + " holds " + byteText(member.size)
            + ", above the limit of " + byteText(limit) + "; choose a KV-cache dump.");
    const auto source = open(member);
    Bytes bytes(member.size);
    source->read(0, bytes);
    const auto crc
        = static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
    // torch.save can be told not to compute them, and then writes 0.
    if (member.crc != 0 && member.crc != crc)
        throw inputError(m_file.name() + ": the zip member " + inQuotes(member.name)
            + " differs from its checksum; the file is damaged: copy it again.");
    return bytes;
}

} // namespace pikv
