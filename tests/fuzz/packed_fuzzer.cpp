// SPDX-License-Identifier: GPL-3.0-or-later
// Feeds bytes to what unpacks dumps that gzip or zstd compressed. Any exception but Error{Input} is a bug; too little
// room for what a frame claims, which nothing else tells, is none.
#include "checks.h"
#include "core/base/temporaryfile.h"
#include "core/formats/formatregistry.h"

using namespace pikv;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::parse(data, size, "fuzz", [&](const ByteSource& file) {
        const FormatProbe probe(file);
        for (const DumpFormat& format : dumpFormats())
            if (format.unpack && format.detect(probe))
                try {
                    TemporaryFile room("fuzzing");
                    format.unpack(file, room, {});
                    const std::uint64_t bytes = room.size();
                    const auto source = room.source("fuzz");
                    require(source->size() == bytes);
                    std::byte last {};
                    if (bytes > 0)
                        source->read(bytes - 1, std::span(&last, 1));
                } catch (const Error& error) {
                    require(error.kind() == ErrorKind::Input || error.kind() == ErrorKind::Resource);
                }
    });
    return 0;
}
