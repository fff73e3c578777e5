// SPDX-License-Identifier: GPL-3.0-or-later
// Feeds bytes to what unpacks dumps that gzip or zstd compressed. Any exception but Error{Input} is a bug; too little
// room for what comes out is none. It goes where there is little room, so that inputs which unpack to very much end
// early and the next ones come; tests/core/formats/packedfile_test.cpp unpacks to files, and without end.
#include "checks.h"
#include "core/base/bytesink.h"
#include "core/formats/formatregistry.h"

using namespace pikv;
using fuzz::require;

namespace {

/// Reads all that it is given, and forgets it.
class Room final : public ByteSink {
public:
    void requireRoom(std::uint64_t bytes) const override
    {
        if (bytes > most - m_size)
            throw resourceError("no room");
    }
    void append(ByteSpan bytes) override
    {
        requireRoom(bytes.size());
        for (const std::byte byte : bytes)
            m_all ^= byte;
        m_size += bytes.size();
    }
    std::uint64_t size() const override { return m_size; }

private:
    static constexpr std::uint64_t most = 1 << 16;
    std::uint64_t m_size = 0;
    std::byte m_all {};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::parse(data, size, "fuzz", [&](const ByteSource& file) {
        const FormatProbe probe(file);
        for (const DumpFormat& format : dumpFormats())
            if (format.unpack && format.detect(probe))
                try {
                    Room room;
                    format.unpack(file, room, {});
                } catch (const Error& error) {
                    require(error.kind() == ErrorKind::Input || error.kind() == ErrorKind::Resource);
                }
    });
    return 0;
}
