// SPDX-License-Identifier: GPL-3.0-or-later
// The central directory of a zip archive, with the 64-bit fields of zip64 (APPNOTE 6.3.9). Sizes come from there: local
// headers of torch.save have none. Offsets of the data come from the local headers, which are padded by their own
// rules.
#include "core/formats/zipdirectory.h"
#include "core/base/text.h"
#include <algorithm>
#include <array>

namespace pikv {
namespace {

constexpr std::uint64_t endBytes = 22, maxComment = 65535, locatorBytes = 20, end64Bytes = 56, entryBytes = 46,
                        localBytes = 30, maxMembers = 100'000;
constexpr std::uint32_t endMark = 0x06054b50, locatorMark = 0x07064b50, end64Mark = 0x06064b50, entryMark = 0x02014b50,
                        localMark = 0x04034b50, later = 0xFFFFFFFF; ///< a size that zip64 gives elsewhere
/// Deflate's best: 258 bytes for two bits.
constexpr std::uint64_t maxRatio = 1032;

/// Where the central directory lies.
struct Directory {
    std::uint64_t begin = 0, bytes = 0, count = 0;
    std::uint64_t end = 0; ///< of what may hold members and directory: the end records follow
};

class DirectoryReader {
public:
    explicit DirectoryReader(const ByteSource& file)
        : m_file(file)
    {
    }
    std::vector<ZipMember> read();

private:
    /// A member and where its local header is.
    struct Place {
        ZipMember member;
        std::uint64_t header = 0;
    };

    [[noreturn]] void fail(const std::string& what,
        const char* advice = "; the file is damaged or cut short: copy it "
                             "again") const
    {
        throw inputError(m_file.name() + ": " + what + advice + ".");
    }
    Bytes bytes(std::uint64_t offset, std::uint64_t count) const
    {
        Bytes out(count);
        m_file.read(offset, out);
        return out;
    }
    Directory findDirectory() const;
    void widen(Directory& directory, std::uint64_t endRecord) const;
    std::uint64_t readEntry(const Bytes& all, std::uint64_t at, Place& place) const;
    void readWideFields(std::span<const std::byte> extra, Place& place) const;
    void checkName(const std::string& name) const;
    void locate(Place& place, const Directory& directory) const;
    void checkOverlaps(std::vector<const Place*> places) const;

    const ByteSource& m_file;
};

/// The end record is the last thing in the file, but for a comment of known length.
Directory DirectoryReader::findDirectory() const
{
    const std::uint64_t size = m_file.size(), tail = std::min(size, endBytes + maxComment);
    const Bytes last = bytes(size - tail, tail);
    for (std::uint64_t at = tail >= endBytes ? tail - endBytes + 1 : 0; at-- > 0;) {
        const std::byte* record = last.data() + at;
        if (loadLe<std::uint32_t>(record) != endMark || loadLe<std::uint16_t>(record + 20) != tail - at - endBytes)
            continue;
        Directory found { loadLe<std::uint32_t>(record + 16), loadLe<std::uint32_t>(record + 12),
            loadLe<std::uint16_t>(record + 10), size - tail + at };
        if (loadLe<std::uint16_t>(record + 4) != 0 || loadLe<std::uint16_t>(record + 6) != 0)
            fail("the zip archive is spread over several files", "; join them, or save it again as one");
        widen(found, found.end);
        if (found.begin > found.end || found.bytes > found.end - found.begin)
            fail("the zip archive's directory of " + std::to_string(found.bytes) + " bytes at offset "
                + std::to_string(found.begin) + " leaves the " + std::to_string(size) + " bytes of the file");
        if (found.count > maxMembers || found.count > found.bytes / entryBytes)
            fail("the zip archive's directory of " + std::to_string(found.bytes) + " bytes claims "
                + countText(found.count, "member") + "; at most " + std::to_string(maxMembers) + " are read");
        return found;
    }
    fail("the zip archive has no end record");
}

/// Takes the fields of zip64 where its locator stands before the end record.
void DirectoryReader::widen(Directory& directory, std::uint64_t endRecord) const
{
    if (endRecord < locatorBytes)
        return;
    const Bytes locator = bytes(endRecord - locatorBytes, locatorBytes);
    if (loadLe<std::uint32_t>(locator.data()) != locatorMark)
        return;
    const auto at = loadLe<std::uint64_t>(locator.data() + 8);
    if (endRecord - locatorBytes < end64Bytes || at > endRecord - locatorBytes - end64Bytes)
        fail("the zip archive's 64-bit end record at offset " + std::to_string(at) + " leaves the file");
    const Bytes record = bytes(at, end64Bytes);
    if (loadLe<std::uint32_t>(record.data()) != end64Mark)
        fail("the zip archive has no 64-bit end record at offset " + std::to_string(at));
    directory = { loadLe<std::uint64_t>(record.data() + 48), loadLe<std::uint64_t>(record.data() + 40),
        loadLe<std::uint64_t>(record.data() + 32), at };
}

void DirectoryReader::checkName(const std::string& name) const
{
    const bool leads = name.empty() || name.front() == '/' || name.find('\\') != std::string::npos
        || ("/" + name + "/").find("/../") != std::string::npos || name.find('\0') != std::string::npos
        || !isUtf8(name);
    if (leads)
        fail("the zip archive has a member named " + inQuotes(name),
            "; no member of a dump is named so: choose a "
            "KV-cache dump");
}

/// The 64-bit sizes and offset of a member, in this order and only those that do not fit 32 bits.
void DirectoryReader::readWideFields(std::span<const std::byte> extra, Place& place) const
{
    constexpr std::uint16_t wide = 1;
    while (extra.size() >= 4) {
        const auto id = loadLe<std::uint16_t>(extra.data());
        const std::size_t length = loadLe<std::uint16_t>(extra.data() + 2);
        extra = extra.subspan(4);
        if (length > extra.size())
            fail("the zip member " + inQuotes(place.member.name) + " has an extra field that leaves its entry");
        if (id == wide) {
            std::span<const std::byte> fields = extra.first(length);
            for (std::uint64_t* field : { &place.member.size, &place.member.packed, &place.header }) {
                if (*field != later)
                    continue;
                if (fields.size() < 8)
                    fail("the zip member " + inQuotes(place.member.name) + " lacks its 64-bit sizes");
                *field = loadLe<std::uint64_t>(fields.data());
                fields = fields.subspan(8);
            }
            return;
        }
        extra = extra.subspan(length);
    }
}

/// Reads the entry at `at` of the directory; returns where the next one begins.
std::uint64_t DirectoryReader::readEntry(const Bytes& all, std::uint64_t at, Place& place) const
{
    if (all.size() - at < entryBytes || loadLe<std::uint32_t>(all.data() + at) != entryMark)
        fail("the zip archive's directory has no entry at byte " + std::to_string(at));
    const std::byte* entry = all.data() + at;
    const auto flags = loadLe<std::uint16_t>(entry + 8), method = loadLe<std::uint16_t>(entry + 10);
    const std::size_t name = loadLe<std::uint16_t>(entry + 28), extra = loadLe<std::uint16_t>(entry + 30),
                      comment = loadLe<std::uint16_t>(entry + 32);
    if (name + extra + comment > all.size() - at - entryBytes)
        fail("the zip archive's directory ends inside an entry");
    ZipMember& member = place.member;
    member.name.assign(reinterpret_cast<const char*>(entry + entryBytes), name);
    checkName(member.name);
    member.crc = loadLe<std::uint32_t>(entry + 16);
    member.packed = loadLe<std::uint32_t>(entry + 20);
    member.size = loadLe<std::uint32_t>(entry + 24);
    member.deflated = method == 8;
    member.plain = method == 0 || method == 8;
    place.header = loadLe<std::uint32_t>(entry + 42);
    readWideFields(std::span(all).subspan(at + entryBytes + name, extra), place);
    constexpr std::uint16_t encrypted = 0x2041;
    if (flags & encrypted)
        fail("the zip member " + inQuotes(member.name) + " is encrypted", "; save it without a password");
    return at + entryBytes + name + extra + comment;
}

/// Follows the entry to its local header, behind which the data are.
void DirectoryReader::locate(Place& place, const Directory& directory) const
{
    ZipMember& member = place.member;
    const std::string who = "the zip member " + inQuotes(member.name);
    if (place.header > directory.begin || directory.begin - place.header < localBytes)
        fail(who + " begins at offset " + std::to_string(place.header) + ", behind the members");
    std::array<std::byte, localBytes> local;
    m_file.read(place.header, local);
    if (loadLe<std::uint32_t>(local.data()) != localMark)
        fail(who + " has no header at offset " + std::to_string(place.header));
    member.begin = place.header + localBytes + loadLe<std::uint16_t>(local.data() + 26)
        + loadLe<std::uint16_t>(local.data() + 28);
    if (member.begin > directory.begin || member.packed > directory.begin - member.begin)
        fail(who + " of " + std::to_string(member.packed) + " bytes at offset " + std::to_string(member.begin)
            + " reaches beyond offset " + std::to_string(directory.begin) + ", where the archive's directory begins");
    if (member.plain && !member.deflated && member.size != member.packed)
        fail(who + " is stored in " + std::to_string(member.packed) + " bytes but claims "
            + std::to_string(member.size));
    if (member.deflated && member.size / maxRatio > member.packed)
        fail(who + " claims " + std::to_string(member.size) + " bytes of content in " + std::to_string(member.packed)
            + ", more than deflate can pack");
}

void DirectoryReader::checkOverlaps(std::vector<const Place*> places) const
{
    std::sort(places.begin(), places.end(), [](const Place* a, const Place* b) { return a->header < b->header; });
    for (std::size_t i = 1; i < places.size(); ++i) {
        const ZipMember& before = places[i - 1]->member;
        if (before.begin + before.packed > places[i]->header)
            fail("the zip members " + inQuotes(before.name) + " and " + inQuotes(places[i]->member.name) + " overlap");
    }
}

std::vector<ZipMember> DirectoryReader::read()
{
    const Directory directory = findDirectory();
    const Bytes all = bytes(directory.begin, directory.bytes);
    std::vector<Place> places(directory.count);
    std::uint64_t at = 0;
    std::vector<const Place*> order;
    for (Place& place : places) {
        at = readEntry(all, at, place);
        locate(place, directory);
        order.push_back(&place);
    }
    checkOverlaps(std::move(order));
    std::vector<ZipMember> members;
    for (Place& place : places)
        members.push_back(std::move(place.member));
    return members;
}

} // namespace

std::vector<ZipMember> readZipDirectory(const ByteSource& file) { return DirectoryReader(file).read(); }

} // namespace pikv
