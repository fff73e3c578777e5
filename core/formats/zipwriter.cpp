// SPDX-License-Identifier: GPL-3.0-or-later
// A zip archive as torch.save and numpy.savez write it: members as they are, one after the other, then the directory.
#include "core/formats/zipwriter.h"
#include <algorithm>
#include <zlib.h>

namespace pikv {
namespace {

constexpr std::uint64_t most32 = 0xFFFFFFFF;
constexpr std::uint16_t plainVersion = 20, zip64Version = 45, utf8Names = 1 << 11, zip64Extra = 1;
constexpr std::uint16_t firstDay = 1 << 5 | 1; ///< 1980-01-01: equal dumps are equal files

std::uint32_t cut(std::uint64_t value) { return static_cast<std::uint32_t>(std::min(value, most32)); }

void addText(Bytes& bytes, const std::string& text)
{
    const ByteSpan span = asBytes(text.data(), text.size());
    bytes.insert(bytes.end(), span.begin(), span.end());
}

std::uint32_t crcOf(std::uint32_t crc, ByteSpan bytes)
{
    if (bytes.empty())
        return crc; // zlib starts anew where there is no buffer
    return static_cast<std::uint32_t>(::crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

} // namespace

ZipWriter::ZipWriter(const std::string& path, std::uint64_t expectedBytes)
    : m_file(path, expectedBytes)
{
}

void ZipWriter::put(const Bytes& bytes)
{
    m_file.append(bytes);
    m_end += bytes.size();
}

void ZipWriter::add(const std::string& name, ByteSpan head, ByteSpan data)
{
    Member member { name, m_end, head.size() + data.size(), crcOf(crcOf(0, head), data) };
    const bool large = member.size >= most32;
    Bytes local;
    appendLe<std::uint32_t>(local, 0x04034B50);
    appendLe<std::uint16_t>(local, large ? zip64Version : plainVersion);
    appendLe<std::uint16_t>(local, utf8Names);
    appendLe<std::uint16_t>(local, 0); // stored
    appendLe<std::uint16_t>(local, 0);
    appendLe<std::uint16_t>(local, firstDay);
    appendLe(local, member.crc);
    appendLe(local, large ? std::uint32_t(most32) : cut(member.size));
    appendLe(local, large ? std::uint32_t(most32) : cut(member.size));
    appendLe<std::uint16_t>(local, static_cast<std::uint16_t>(name.size()));
    appendLe<std::uint16_t>(local, large ? 20 : 0);
    addText(local, name);
    if (large) {
        appendLe(local, zip64Extra);
        appendLe<std::uint16_t>(local, 16);
        appendLe(local, member.size);
        appendLe(local, member.size);
    }
    put(local);
    m_file.append(head);
    m_file.append(data);
    m_end += member.size;
    m_members.push_back(std::move(member));
}

Bytes ZipWriter::directoryEntry(const Member& member) const
{
    const bool large = member.size >= most32 || member.begin >= most32;
    Bytes entry;
    appendLe<std::uint32_t>(entry, 0x02014B50);
    appendLe<std::uint16_t>(entry, zip64Version);
    appendLe<std::uint16_t>(entry, large ? zip64Version : plainVersion);
    appendLe<std::uint16_t>(entry, utf8Names);
    appendLe<std::uint16_t>(entry, 0);
    appendLe<std::uint16_t>(entry, 0);
    appendLe<std::uint16_t>(entry, firstDay);
    appendLe(entry, member.crc);
    appendLe(entry, large ? std::uint32_t(most32) : cut(member.size));
    appendLe(entry, large ? std::uint32_t(most32) : cut(member.size));
    appendLe<std::uint16_t>(entry, static_cast<std::uint16_t>(member.name.size()));
    appendLe<std::uint16_t>(entry, large ? 28 : 0);
    for (int i = 0; i < 3; ++i) // comment, disk, internal attributes
        appendLe<std::uint16_t>(entry, 0);
    appendLe<std::uint32_t>(entry, 0);
    appendLe(entry, large ? std::uint32_t(most32) : cut(member.begin));
    addText(entry, member.name);
    if (large) {
        appendLe(entry, zip64Extra);
        appendLe<std::uint16_t>(entry, 24);
        appendLe(entry, member.size);
        appendLe(entry, member.size);
        appendLe(entry, member.begin);
    }
    return entry;
}

void ZipWriter::commit()
{
    const std::uint64_t directory = m_end, count = m_members.size();
    for (const Member& member : m_members)
        put(directoryEntry(member));
    const std::uint64_t size = m_end - directory, record = m_end;
    Bytes end;
    if (directory >= most32 || count >= 0xFFFF) {
        appendLe<std::uint32_t>(end, 0x06064B50);
        appendLe<std::uint64_t>(end, 44);
        appendLe<std::uint16_t>(end, zip64Version);
        appendLe<std::uint16_t>(end, zip64Version);
        appendLe<std::uint32_t>(end, 0);
        appendLe<std::uint32_t>(end, 0);
        for (const std::uint64_t value : { count, count, size, directory })
            appendLe(end, value);
        appendLe<std::uint32_t>(end, 0x07064B50);
        appendLe<std::uint32_t>(end, 0);
        appendLe(end, record);
        appendLe<std::uint32_t>(end, 1);
    }
    const auto short16 = static_cast<std::uint16_t>(std::min<std::uint64_t>(count, 0xFFFF));
    appendLe<std::uint32_t>(end, 0x06054B50);
    appendLe<std::uint32_t>(end, 0);
    appendLe(end, short16);
    appendLe(end, short16);
    appendLe(end, cut(size));
    appendLe(end, cut(directory));
    appendLe<std::uint16_t>(end, 0);
    put(end);
    m_file.commit();
}

} // namespace pikv
