// SPDX-License-Identifier: GPL-3.0-or-later
// Feeds bytes to the reader of zip directories and to what unpacks their members. Any exception but Error{Input} is a
// bug, and so are members that leave the file or overlap.
#include "checks.h"
#include "core/formats/ziparchive.h"
#include <algorithm>

using namespace pikv;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::parse(data, size, "fuzz", [&](const ByteSource& file) {
        constexpr std::uint64_t mostBytes = 1 << 16, mostMembers = 16;
        const ZipArchive zip(file);
        std::vector<std::pair<std::uint64_t, std::uint64_t>> places;
        for (const ZipMember& member : zip.members()) {
            require(member.begin <= size && member.packed <= size - member.begin);
            require(zip.find(member.name) == &member);
            require(("/" + member.name + "/").find("/../") == std::string::npos && !member.name.starts_with('/'));
            if (member.packed > 0)
                places.emplace_back(member.begin, member.begin + member.packed);
        }
        std::sort(places.begin(), places.end());
        for (std::size_t i = 1; i < places.size(); ++i)
            require(places[i - 1].second <= places[i].first);
        for (std::size_t i = 0; i < std::min<std::size_t>(zip.members().size(), mostMembers); ++i)
            try {
                const Bytes content = zip.content(zip.members()[i], mostBytes);
                require(content.size() == zip.members()[i].size);
                std::byte last {}; // read from the end on as well: the stream begins anew
                if (!content.empty()) {
                    zip.open(zip.members()[i])->read(content.size() - 1, std::span(&last, 1));
                    require(last == content.back());
                }
            } catch (const Error& error) { // a damaged one leaves the others readable
                require(error.kind() == ErrorKind::Input);
            }
    });
    return 0;
}
